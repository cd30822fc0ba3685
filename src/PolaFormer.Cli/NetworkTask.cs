namespace PolaFormer.Cli;

/// <summary>What a network does, as its checkpoint tells.</summary>
internal enum NetworkTask
{
    /// <summary>Images to classes.</summary>
    Classification,

    /// <summary>Texts, expressions, pairs or small images of Long Range Arena to classes.</summary>
    Sequences,

    /// <summary>Images to the class of every pixel.</summary>
    Segmentation,

    /// <summary>Images to boxes and masks of objects.</summary>
    Detection,
}
