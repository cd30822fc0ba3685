namespace PolaFormer.Vision;

/// <summary>
/// Turns bytes into network input: y = (x / 255 − mean) / std for each channel, every operation rounded to float32, as torchvision's
/// ToTensor and Normalize do. Channels stay last.
/// </summary>
public sealed class Normalization
{
    private const int Levels = 256;

    /// <summary>(3, 256): the result for every channel and level.</summary>
    private readonly float[] _table = new float[Image.Channels * Levels];

    /// <summary>Makes the normalisation.</summary>
    /// <param name="mean">Mean of red, green and blue on the scale 0 … 1.</param>
    /// <param name="std">Standard deviation of red, green and blue on the same scale, not 0.</param>
    public Normalization(ReadOnlySpan<float> mean, ReadOnlySpan<float> std)
    {
        if (mean.Length != Image.Channels || std.Length != Image.Channels)
            throw new ArgumentException("Mean and standard deviation take three values each.");
        for (int c = 0; c < Image.Channels; c++)
            for (int level = 0; level < Levels; level++)
                _table[c * Levels + level] = (level / 255f - mean[c]) / std[c];
    }

    /// <summary>The statistics of ImageNet, which the authors' models expect.</summary>
    public static Normalization ImageNet { get; } = new([0.485f, 0.456f, 0.406f], [0.229f, 0.224f, 0.225f]);

    /// <summary>Normalises a whole image.</summary>
    /// <param name="image">The image.</param>
    /// <param name="destination">Height · Width · 3 values, (H, W, 3).</param>
    public unsafe void Apply(Image image, Span<float> destination)
    {
        ReadOnlySpan<byte> pixels = image.Pixels;
        if (destination.Length != pixels.Length)
            throw new ArgumentException($"An image of {image.Width}×{image.Height} takes {pixels.Length} values, not {destination.Length}.", nameof(destination));
        // A byte indexes 256 entries, so no lookup leaves its table; both spans hold whole pixels.
        fixed (float* red = _table, output = destination)
        fixed (byte* input = pixels)
        {
            float* green = red + Levels, blue = green + Levels;
            for (int i = 0; i < pixels.Length; i += Image.Channels)
            {
                output[i] = red[input[i]];
                output[i + 1] = green[input[i + 1]];
                output[i + 2] = blue[input[i + 2]];
            }
        }
    }
}
