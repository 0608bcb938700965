"""Report 3's "Resnet block" in its two-channel form as published: batch norm in the shortcut alone.

`resnet_block` has it in the main path too, as the report's other two do. The published network can switch off the batch
norm of its main path, and this one does; that of its shortcut has no switch (Bohan7/deep_learning_project 86cbd96).
"""

from torch import nn

from pipeline.architectures import resnet_block
from pipeline.engine.layers import BatchNorm, Layers


def two_channel(layers: Layers) -> nn.Module:
    network = resnet_block.two_channel(layers)
    trunk, _ = network
    main = trunk[0].main  # (B, 2, 14, 14) -> (B, 16, 14, 14)
    for place, layer in enumerate(main):
        if isinstance(layer, BatchNorm):
            main[place] = nn.Identity()
    return network
