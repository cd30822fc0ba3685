using System.ComponentModel.DataAnnotations;

namespace PolaFormer.Training.Configuration;

/// <summary>
/// SEGMENTATION (ours): a network that tells the class of every pixel, which MODEL.TYPE names. Its published recipe holds where a
/// recipe says nothing else. DATA.IMG_SIZE is the side of training examples; TRAIN.BASE_LR is not scaled.
/// </summary>
public sealed class SegmentationConfig
{
    /// <summary>CLASSES: file of the classes, a line each: <c>red green blue name</c>, or a name; empty for ADE20K's 150.</summary>
    public string Classes { get; set; } = "";

    /// <summary>COLOR_MASKS: masks have the colours of CLASSES instead of values.</summary>
    public bool ColorMasks { get; set; }

    /// <summary>REDUCE_ZERO_LABEL: value 0 of a mask counts nowhere and classes count from 1; so in any case for ADE20K's classes.</summary>
    public bool ReduceZeroLabel { get; set; }

    /// <summary>STEPS_PER_EPOCH: iterations between two evaluations, which are an epoch.</summary>
    [Range(1, 1 << 24)]
    public int StepsPerEpoch { get; set; } = 8000;

    /// <summary>WARMUP_STEPS: iterations of the linear warm-up, at most a tenth of the run.</summary>
    [Range(0, 1 << 24)]
    public int WarmupSteps { get; set; } = 1500;

    /// <summary>POWER: exponent of the polynomial decay of the learning rate.</summary>
    [Range(0, 10)]
    public double Power { get; set; } = 1;

    /// <summary>AUGMENT: random sizes, crops, mirror images and colours, and what the network drops by chance; false to see whether it can be overfitted to given images.</summary>
    public bool Augment { get; set; } = true;

    /// <summary>CROP_WIDTH: columns of training examples in pixels; 0 for as many as rows, DATA.IMG_SIZE.</summary>
    [Range(0, 8192)]
    public int CropWidth { get; set; }

    /// <summary>CLASS_WEIGHTS: a factor of the loss of each class's pixels; none for 1.</summary>
    [Range(0, 1e6)]
    public double[] ClassWeights { get; set; } = [];
}
