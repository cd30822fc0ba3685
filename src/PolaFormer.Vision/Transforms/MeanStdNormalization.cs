namespace PolaFormer.Vision.Transforms;

/// <summary>
/// Bytes to network input by mmcv's rule: float32((float32(level − mean))·(1/std)), each in double precision before it is rounded.
/// </summary>
public sealed class MeanStdNormalization
{
    private readonly float[] _table = new float[Image.Channels * 256];

    /// <summary>Makes the normalisation.</summary>
    /// <param name="mean">Mean of red, green and blue on the scale 0 … 255.</param>
    /// <param name="std">Standard deviation of red, green and blue on the same scale, not 0.</param>
    public MeanStdNormalization(ReadOnlySpan<float> mean, ReadOnlySpan<float> std)
    {
        for (int c = 0; c < Image.Channels; c++)
        {
            double reciprocal = 1 / (double)std[c];
            for (int level = 0; level < 256; level++)
                _table[(c * 256) + level] = (float)((float)(level - (double)mean[c]) * reciprocal);
        }
    }

    /// <summary>The statistics of ImageNet, which the authors' models expect.</summary>
    public static MeanStdNormalization ImageNet { get; } = new([123.675f, 116.28f, 103.53f], [58.395f, 57.12f, 57.375f]);

    /// <summary>Normalises an image into the upper left corner of a larger one.</summary>
    /// <param name="image">The image.</param>
    /// <param name="destination">(rows, <paramref name="width"/>, 3) values; those beyond the image stay.</param>
    /// <param name="width">Pixels of a row of the destination.</param>
    public void Apply(Image image, Span<float> destination, int width)
    {
        for (int y = 0; y < image.Height; y++)
        {
            ReadOnlySpan<byte> row = image.Row(y);
            Span<float> output = destination.Slice(y * width * Image.Channels, row.Length);
            for (int i = 0; i < row.Length; i += Image.Channels)
            {
                output[i] = _table[row[i]];
                output[i + 1] = _table[256 + row[i + 1]];
                output[i + 2] = _table[512 + row[i + 2]];
            }
        }
    }
}
