namespace PolaFormer.Training;

/// <summary>For how many images <see cref="Mixup"/> draws once. An image's partner is always the one as far from the batch's end.</summary>
public enum MixupMode
{
    /// <summary>For the batch.</summary>
    Batch,

    /// <summary>For an image and its partner.</summary>
    Pair,

    /// <summary>For every image.</summary>
    Elem,
}
