using System.ComponentModel.DataAnnotations;

namespace PolaFormer.Training.Configuration;

/// <summary>AUG: the augmentation of training images.</summary>
public sealed class AugmentationConfig
{
    /// <summary>SCALE (ours): smallest and largest part of an image's area that is cut out and resized. Absent, [0.08, 1], and images of at most 32 pixels are shifted instead.</summary>
    [Length(2, 2), Range(0, 1, MinimumIsExclusive = true)]
    public double[]? Scale { get; set; }

    /// <summary>MIRROR_BORDER (ours): width of a border of mirrored pixels around an image, as a part of its sides, before a part of it is cut out: objects appear smaller, too. 0 for none.</summary>
    [Range(0, 1)]
    public double MirrorBorder { get; set; }

    /// <summary>COLOR_JITTER: strength of colour changes; unused where AUTO_AUGMENT is set.</summary>
    [Range(0, 10)]
    public double ColorJitter { get; set; } = 0.4;

    /// <summary>AUTO_AUGMENT: a policy of timm such as <c>rand-m9-mstd0.5-inc1</c>, or <c>none</c>.</summary>
    public string? AutoAugment { get; set; } = "rand-m9-mstd0.5-inc1";

    /// <summary>REPROB: chance of erasing a rectangle.</summary>
    [Range(0, 1)]
    public double Reprob { get; set; } = 0.25;

    /// <summary>REMODE: what an erased rectangle holds.</summary>
    [AllowedValues("pixel", "rand", "const", "")]
    public string Remode { get; set; } = "pixel";

    /// <summary>RECOUNT: erased rectangles.</summary>
    [Range(1, 1000)]
    public int Recount { get; set; } = 1;

    /// <summary>MIXUP: α of mixup, 0 for none.</summary>
    [Range(0, 1000)]
    public double Mixup { get; set; } = 0.8;

    /// <summary>CUTMIX: α of cutmix, 0 for none.</summary>
    [Range(0, 1000)]
    public double Cutmix { get; set; } = 1;

    /// <summary>CUTMIX_MINMAX: range of the box's side; overrides CUTMIX.</summary>
    [Length(2, 2), Range(0, 1)]
    public double[]? CutmixMinmax { get; set; }

    /// <summary>MIXUP_PROB: chance that a batch is mixed.</summary>
    [Range(0, 1)]
    public double MixupProb { get; set; } = 1;

    /// <summary>MIXUP_SWITCH_PROB: chance of cutmix where both are on.</summary>
    [Range(0, 1)]
    public double MixupSwitchProb { get; set; } = 0.5;

    /// <summary>MIXUP_MODE: <c>batch</c>, <c>pair</c> or <c>elem</c>.</summary>
    [AllowedValues("batch", "pair", "elem")]
    public string MixupMode { get; set; } = "batch";
}
