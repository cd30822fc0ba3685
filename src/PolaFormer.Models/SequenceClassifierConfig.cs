namespace PolaFormer.Models;

/// <summary>What tells one <see cref="SequenceClassifier"/> from another; the defaults are the text task of Long Range Arena in the Skyformer repository.</summary>
public sealed record SequenceClassifierConfig
{
    /// <summary>Mechanism by its name in the registry.</summary>
    public string Attention { get; init; } = "softmax";

    /// <summary>Kinds of tokens; number 0 is padding.</summary>
    public int VocabularySize { get; init; } = 512;

    /// <summary>Tokens that position embeddings are made for.</summary>
    public int MaxLength { get; init; } = 4096;

    /// <summary>Channels between the blocks.</summary>
    public int Dim { get; init; } = 64;

    /// <summary>Hidden channels of the feed-forward parts and of the head.</summary>
    public int HiddenDim { get; init; } = 128;

    /// <summary>Attention heads.</summary>
    public int NumHeads { get; init; } = 2;

    /// <summary>Channels of a head; all heads together may have more or fewer than <see cref="Dim"/>.</summary>
    public int HeadDim { get; init; } = 32;

    /// <summary>Blocks.</summary>
    public int NumLayers { get; init; } = 2;

    /// <summary>Whether one block stands for all of them.</summary>
    public bool SharesLayers { get; init; }

    /// <summary>Width of the logits.</summary>
    public int NumClasses { get; init; } = 2;

    /// <summary>Whether two sequences are compared, as in the retrieval task.</summary>
    public bool IsDual { get; init; }

    /// <summary>Whether the last kind of token is put before the sequence and read out, instead of the mean over all tokens.</summary>
    public bool UsesClassToken { get; init; }

    /// <summary>Chance that an element is dropped in training: of embeddings, attention's results and feed-forward parts.</summary>
    public float DropRate { get; init; } = 0.1f;

    /// <summary>Chance that an attention weight is dropped in training, by softmax and kernelized attention.</summary>
    public float AttentionDropRate { get; init; } = 0.1f;
}
