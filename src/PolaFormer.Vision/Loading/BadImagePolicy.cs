namespace PolaFormer.Vision.Loading;

/// <summary>What happens when an image of a dataset cannot be decoded.</summary>
public enum BadImagePolicy
{
    /// <summary>The loader throws.</summary>
    Fail,

    /// <summary>The image is reported, counted, and left out: its batch is smaller.</summary>
    Skip,
}
