using System.ComponentModel.DataAnnotations;

namespace PolaFormer.Training.Configuration;

/// <summary>
/// DETECTION (ours): a network that finds objects, which MODEL.TYPE names. Its published recipe holds where a recipe says nothing
/// else. DATA.IMG_SIZE is the shorter side of images, the longer one is at most 5/3 of it; TRAIN.BASE_LR is of 16 images a step.
/// </summary>
public sealed class DetectionConfig
{
    /// <summary>MULTI_SCALE: images have many sizes and are cropped; with IMG_SIZE 800 alone.</summary>
    public bool MultiScale { get; set; }

    /// <summary>SIZES: shorter sides of training images, of which one is drawn for each; empty for DATA.IMG_SIZE alone.</summary>
    [Range(32, 8192)]
    public int[] Sizes { get; set; } = [];

    /// <summary>FLIP: every second image is mirrored by chance.</summary>
    public bool Flip { get; set; } = true;

    /// <summary>REPEATS: how often an epoch has each image, for few images; an evaluation follows every epoch.</summary>
    [Range(1, 1 << 20)]
    public int Repeats { get; set; } = 1;

    /// <summary>IMAGES: numbers of images of COCO's <c>val2017</c> that a run both learns and is measured on, to see whether a network can be overfitted to them; empty for all of both parts.</summary>
    [Range(0, int.MaxValue)]
    public int[] Images { get; set; } = [];

    /// <summary>SCENES: scenes of an epoch, where DATA.DATASET is <c>shapes</c>.</summary>
    [Range(1, 1 << 24)]
    public int Scenes { get; set; } = 2000;

    /// <summary>WARMUP_STEPS: steps of the linear warm-up, at most a tenth of the run.</summary>
    [Range(0, 1 << 24)]
    public int WarmupSteps { get; set; } = 500;
}
