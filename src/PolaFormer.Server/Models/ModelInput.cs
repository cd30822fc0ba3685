using PolaFormer.Vision;

namespace PolaFormer.Server.Models;

/// <summary>What a network is given for one answer, prepared: it waits in the queue in this form.</summary>
internal abstract record ModelInput : IDisposable
{
    /// <summary>Gives memory back.</summary>
    public virtual void Dispose()
    {
    }
}

/// <summary>An image as the network takes it.</summary>
/// <param name="Values">Height · width · 3 normalised values, channels last.</param>
/// <param name="WantsEmbedding">Whether the embedding is asked for.</param>
internal sealed record PixelValues(float[] Values, bool WantsEmbedding = false) : ModelInput;

/// <summary>A decoded photograph.</summary>
/// <param name="Image">Its pixels.</param>
internal sealed record Photograph(Image Image) : ModelInput
{
    /// <inheritdoc/>
    public override void Dispose() => Image.Dispose();
}

/// <summary>A text, or two that are compared.</summary>
/// <param name="First">The text in UTF-8.</param>
/// <param name="Second">The other text; null for one.</param>
internal sealed record TextBytes(byte[] First, byte[]? Second) : ModelInput;
