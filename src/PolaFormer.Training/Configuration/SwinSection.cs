using System.ComponentModel.DataAnnotations;

namespace PolaFormer.Training.Configuration;

/// <summary>MODEL.SWIN: shape of a Swin network. Lists hold one value a stage.</summary>
public sealed class SwinSection
{
    private const string Unreleased = "the authors did not release the variants that it belongs to";

    /// <summary>PATCH_SIZE: side of a first patch in pixels.</summary>
    [Range(1, 8192)]
    public int PatchSize { get; set; } = 4;

    /// <summary>IN_CHANS: colours of an image; only 3 is taken.</summary>
    [Range(3, 3)]
    public int InChans { get; set; } = 3;

    /// <summary>EMBED_DIM: channels of the first stage.</summary>
    [Range(1, 16384)]
    public int EmbedDim { get; set; } = 96;

    /// <summary>DEPTHS: blocks.</summary>
    [Length(1, 8), Range(0, 256)]
    public int[] Depths { get; set; } = [2, 2, 6, 2];

    /// <summary>NUM_HEADS: attention heads.</summary>
    [Length(1, 8), Range(1, 16384)]
    public int[] NumHeads { get; set; } = [3, 6, 12, 24];

    /// <summary>WINDOW_SIZE: side of a polarity window in tokens.</summary>
    [Range(1, 8192)]
    public int WindowSize { get; set; } = 7;

    /// <summary>MLP_RATIO: hidden width of the feed-forward part in channels.</summary>
    [Range(0.25, 64)]
    public double MlpRatio { get; set; } = 4;

    /// <summary>QKV_BIAS: whether attention's projections have a bias.</summary>
    public bool QkvBias { get; set; } = true;

    /// <summary>QK_SCALE: ignored by the authors' attention.</summary>
    [Unused("the authors' attention ignores it, too: polarity attention learns its scale")]
    public double? QkScale { get; set; }

    /// <summary>KA: of unreleased variants.</summary>
    [Unused(Unreleased)]
    public int[] Ka { get; set; } = [7, 7, 7, 7];

    /// <summary>DIM_REDUCTION: of unreleased variants.</summary>
    [Unused(Unreleased)]
    public int[] DimReduction { get; set; } = [4, 4, 4, 4];

    /// <summary>STAGES: of unreleased variants.</summary>
    [Unused(Unreleased)]
    public bool[] Stages { get; set; } = [true, true, true, true];

    /// <summary>STAGES_NUM: of unreleased variants.</summary>
    [Unused(Unreleased)]
    public int[] StagesNum { get; set; } = [-1, -1, -1, -1];

    /// <summary>RPB: of unreleased variants.</summary>
    [Unused(Unreleased)]
    public bool Rpb { get; set; } = true;

    /// <summary>PADDING_MODE: of unreleased variants.</summary>
    [Unused(Unreleased)]
    public string PaddingMode { get; set; } = "zeros";

    /// <summary>SHARE_DWC_KERNEL: of unreleased variants.</summary>
    [Unused(Unreleased)]
    public bool ShareDwcKernel { get; set; } = true;

    /// <summary>SHARE_QKV: of unreleased variants.</summary>
    [Unused(Unreleased)]
    public bool ShareQkv { get; set; }

    /// <summary>APE: absolute position encoding; off in every published model.</summary>
    public bool Ape { get; set; }

    /// <summary>PATCH_NORM: norm after the patch embedding; on in every published model.</summary>
    public bool PatchNorm { get; set; } = true;

    /// <summary>LR_FACTOR: of unreleased variants.</summary>
    [Unused(Unreleased)]
    public int LrFactor { get; set; } = 2;

    /// <summary>DEPTHS_LR: of unreleased variants.</summary>
    [Unused(Unreleased)]
    public int[] DepthsLr { get; set; } = [2, 2, 2, 2];

    /// <summary>FUSION_TYPE: of unreleased variants.</summary>
    [Unused(Unreleased)]
    public string FusionType { get; set; } = "add";

    /// <summary>STAGE_CFG: of unreleased variants.</summary>
    [Unused(Unreleased)]
    public string? StageCfg { get; set; }
}
