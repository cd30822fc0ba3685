namespace PolaFormer.Server.Models;

/// <summary>What a network does.</summary>
internal enum ModelTask
{
    /// <summary>Images to classes, and to embeddings.</summary>
    Classification,

    /// <summary>Images to the class of every pixel.</summary>
    Segmentation,

    /// <summary>Images to boxes and masks of objects.</summary>
    Detection,

    /// <summary>Texts, expressions and pairs of texts to classes.</summary>
    Text,
}
