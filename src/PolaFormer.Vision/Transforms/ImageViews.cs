namespace PolaFormer.Vision.Transforms;

/// <summary>The views of an image whose probabilities are averaged.</summary>
public enum ImageViews
{
    /// <summary>The image as it is.</summary>
    One,

    /// <summary>The image and its mirror image: two.</summary>
    Mirrored,

    /// <summary>The image, the middle 80 % and 65 % of its sides, and the mirror images of all three: six, for objects that fill a small part of a photograph.</summary>
    Zoomed,
}
