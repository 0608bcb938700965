"""One module per architecture, each its report's network with both techniques.

`pipeline.engine.network` says what a module defines; all randomness in it is `Layers.dropout`'s.

Report 0: Albergoni, Feo, Bouvet (2019). Report 1: Biolková, Pham (2021). Report 2: Kozlova, Klyavinek (2021).
Report 3: B. Wang, K. Wang, Hou (2021). Report 4: Jaleh, Mousavinezhad (2022).
"""
