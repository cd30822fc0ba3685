using System.ComponentModel.DataAnnotations;

namespace PolaFormer.Training.Configuration;

/// <summary>MODEL: the network.</summary>
public sealed class ModelConfig
{
    /// <summary>TYPE: <c>pola_pvt_tiny</c> … <c>pola_pvt_large</c>, <c>pola_swin</c> (with SWIN and LA), <c>polaformer_pp</c> (with PP), <c>polab0</c> … <c>polab5</c>, or a registered name: of a classifier, a segmentation network or a detector.</summary>
    public string Type { get; set; } = "swin";

    /// <summary>NAME: for folders and records.</summary>
    public string Name { get; set; } = "swin_tiny_patch4_window7_224";

    /// <summary>RESUME: checkpoint to continue from.</summary>
    public string Resume { get; set; } = "";

    /// <summary>PRETRAINED (ours): checkpoint whose weights a new run starts from, of any resolution and number of classes.</summary>
    public string Pretrained { get; set; } = "";

    /// <summary>NUM_CLASSES: width of the logits.</summary>
    [Range(1, 1 << 24)]
    public int NumClasses { get; set; } = 1000;

    /// <summary>DROP_RATE: dropout behind position encodings, attention's projection and the feed-forward layers; PolaFormer++ has none and takes only 0. The authors' keys have no dropout of attention weights, and their linear attention, which has no such weights, ignores the argument.</summary>
    [Range(0, 0.99)]
    public double DropRate { get; set; }

    /// <summary>DROP_PATH_RATE: stochastic depth of the last block.</summary>
    [Range(0, 0.99)]
    public double DropPathRate { get; set; } = 0.1;

    /// <summary>LABEL_SMOOTHING: share of the target spread over all classes.</summary>
    [Range(0, 1, MaximumIsExclusive = true)]
    public double LabelSmoothing { get; set; } = 0.1;

    /// <summary>ATTENTION (ours): registered attention of every stage, or one for all of them, in the place of the network's own; empty for that.</summary>
    public string[] Attention { get; set; } = [];

    /// <summary>SWIN: shape of a Swin network.</summary>
    public SwinSection Swin { get; set; } = new();

    /// <summary>SWIN_HR: unused by the released code.</summary>
    public EmptyConfig SwinHr { get; set; } = new();

    /// <summary>SWIN_LRVIT: unused by the released code.</summary>
    public EmptyConfig SwinLrvit { get; set; } = new();

    /// <summary>PVD: unused by the released code.</summary>
    public EmptyConfig Pvd { get; set; } = new();

    /// <summary>PP: shape of a PolaFormer++; ours.</summary>
    public PlusPlusConfig Pp { get; set; } = new();

    /// <summary>LA: linear attention.</summary>
    public LinearAttentionConfig La { get; set; } = new();

    /// <summary>POLA: parts of polarity attention, for ablations; ours.</summary>
    public PolarityConfig Pola { get; set; } = new();
}
