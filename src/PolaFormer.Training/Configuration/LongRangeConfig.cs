using System.ComponentModel.DataAnnotations;

namespace PolaFormer.Training.Configuration;

/// <summary>
/// LONG_RANGE (ours): a task of Long Range Arena, which DATA.DATASET names: the network of the Skyformer repository and how it is
/// evaluated. An epoch is the steps between two evaluations; TRAIN.BASE_LR is the peak of the rate and is not scaled.
/// </summary>
public sealed class LongRangeConfig
{
    /// <summary>PROTOCOL: <c>paper</c>, as the Skyformer repository and the paper evaluate; <c>honest</c>, by dev rows that are never tested on, all of them.</summary>
    [AllowedValues("paper", "honest")]
    public string Protocol { get; set; } = "paper";

    /// <summary>STEPS_PER_EPOCH: steps between two evaluations.</summary>
    [Range(1, 1 << 24)]
    public int StepsPerEpoch { get; set; } = 500;

    /// <summary>WARMUP_STEPS: steps until the peak of the learning rate.</summary>
    [Range(1, 1 << 24)]
    public int WarmupSteps { get; set; } = 1000;

    /// <summary>DEV_BATCHES: batches of an evaluation under the paper's protocol, the next ones of an endless stream.</summary>
    [Range(1, 1 << 20)]
    public int DevBatches { get; set; } = 62;

    /// <summary>CHUNKS: parts that a batch is cut into, whose gradients add up, for less memory.</summary>
    [Range(1, 1 << 12)]
    public int Chunks { get; set; } = 1;

    /// <summary>LISTOPS_TOKENS: <c>google</c>, with closing brackets; <c>skyformer</c>, whose tokenizer drops them.</summary>
    [AllowedValues("google", "skyformer")]
    public string ListopsTokens { get; set; } = "google";

    /// <summary>PAIRS: what the files of the retrieval task begin with; empty for the released name.</summary>
    public string Pairs { get; set; } = "";

    /// <summary>MAX_LENGTH: tokens of a padded row; 0 for the task's own.</summary>
    [Range(0, 1 << 16)]
    public int MaxLength { get; set; }

    /// <summary>DIM: channels between the blocks.</summary>
    [Range(1, 1 << 12)]
    public int Dim { get; set; } = 64;

    /// <summary>HIDDEN_DIM: hidden channels of the feed-forward parts and of the head.</summary>
    [Range(1, 1 << 14)]
    public int HiddenDim { get; set; } = 128;

    /// <summary>NUM_HEADS: heads.</summary>
    [Range(1, 256)]
    public int NumHeads { get; set; } = 2;

    /// <summary>HEAD_DIM: channels of a head.</summary>
    [Range(1, 1 << 12)]
    public int HeadDim { get; set; } = 32;

    /// <summary>NUM_LAYERS: blocks.</summary>
    [Range(1, 256)]
    public int NumLayers { get; set; } = 2;

    /// <summary>SHARES_LAYERS: whether one block stands for all of them.</summary>
    public bool SharesLayers { get; set; }

    /// <summary>ATTENTION_DROP_RATE: chance that an attention weight is dropped in training, by softmax and kernelized attention.</summary>
    [Range(0, 0.99)]
    public double AttentionDropRate { get; set; } = 0.1;

    /// <summary>POOLING: <c>mean</c> over the padded length, or <c>cls</c>, a token put before the sequence.</summary>
    [AllowedValues("mean", "cls")]
    public string Pooling { get; set; } = "mean";
}
