namespace PolaFormer.Server.Inference;

/// <summary>What a client sent for one answer.</summary>
internal abstract record InputData
{
    /// <summary>Whether the embedding is asked for.</summary>
    public bool WantsEmbedding { get; init; }
}

/// <summary>An image file.</summary>
/// <param name="Bytes">The whole file.</param>
internal sealed record ImageFile(ReadOnlyMemory<byte> Bytes) : InputData;

/// <summary>Normalised pixels.</summary>
/// <param name="Values">Height · width · 3 values, channels last.</param>
internal sealed record Pixels(float[] Values) : InputData;

/// <summary>A text, or two.</summary>
/// <param name="First">The text in UTF-8.</param>
/// <param name="Second">The other text; null for one.</param>
internal sealed record Text(byte[] First, byte[]? Second = null) : InputData;
