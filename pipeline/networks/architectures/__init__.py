"""One module per architecture, each its report's network with both techniques; `pair_network` says what it defines.

Report 0: Albergoni, Feo, Bouvet (2019). Report 1: Biolková, Pham (2021). Report 2: Kozlova, Klyavinek (2021).
Report 3: B. Wang, K. Wang, Hou (2021). Report 4: Jaleh, Mousavinezhad (2022).
"""
