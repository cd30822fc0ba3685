using System.ComponentModel.DataAnnotations;

namespace PolaFormer.Training.Configuration;

/// <summary>
/// MODEL.PP: shape of a PolaFormer++, for MODEL.TYPE <c>polaformer_pp</c>. The authors' configurations have no such keys. Lists
/// hold one value a stage; the defaults are those of b0.
/// </summary>
public sealed class PlusPlusConfig
{
    /// <summary>EMBED_DIMS: channels.</summary>
    [Length(1, 8), Range(4, 16384)]
    public int[] EmbedDims { get; set; } = [32, 64, 128, 384];

    /// <summary>DEPTHS: blocks.</summary>
    [Length(1, 8), Range(0, 256)]
    public int[] Depths { get; set; } = [2, 2, 2, 2];

    /// <summary>NUM_HEADS: attention heads; each takes a multiple of 4 channels.</summary>
    [Length(1, 8), Range(1, 16384)]
    public int[] NumHeads { get; set; } = [1, 2, 4, 12];

    /// <summary>MLP_RATIOS: hidden width of the feed-forward part in channels.</summary>
    [Length(1, 8), Range(0.25, 64)]
    public double[] MlpRatios { get; set; } = [3.5, 3.5, 3.5, 3.5];

    /// <summary>FLAGS: attention, one letter for a stage or one for each of its blocks: l polarity, v softmax, r ReLU, f focused.</summary>
    [Length(1, 8)]
    public string[] Flags { get; set; } = ["l", "l", "v", "v"];

    /// <summary>LAYER_SCALES: whether branches are scaled by learned vectors.</summary>
    [Length(1, 8)]
    public bool[] LayerScales { get; set; } = [true, true, true, true];

    /// <summary>LAYER_INIT_VALUES: where these start.</summary>
    [Length(1, 8), Range(-1000, 1000)]
    public double[] LayerInitValues { get; set; } = [1, 1, 1, 1];

    /// <summary>PROJECTION: channels before the classifier.</summary>
    [Range(1, 16384)]
    public int Projection { get; set; } = 2048;

    /// <summary>STEM_REDUCTIONS: halvings of the resolution in the stem, 0 to 2.</summary>
    [Range(0, 2)]
    public int StemReductions { get; set; } = 2;

    /// <summary>CONV_DEPTHS: residual 3×3 convolutions with batch norm before the blocks; empty for none.</summary>
    [Length(0, 8), Range(0, 256)]
    public int[] ConvDepths { get; set; } = [];
}
