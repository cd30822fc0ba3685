using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace PolaFormer.Vision;

/// <summary>
/// Turns bytes into network input: y = (x / 255 − mean) / std for each channel, every operation rounded to float32, as torchvision's
/// ToTensor and Normalize do. Channels stay last.
/// </summary>
public sealed class Normalization
{
    private const int Levels = 256;

    /// <summary>Values after which the channels stand in the same lanes again.</summary>
    private const int Period = Image.Channels * 8;

    /// <summary>(3, 256): the result for every channel and level.</summary>
    private readonly float[] _table = new float[Image.Channels * Levels];

    /// <summary>Mean, std and 1/std of eight pixels' channels.</summary>
    private readonly float[] _mean = new float[Period], _std = new float[Period], _reciprocal = new float[Period];

    /// <summary>Whether arithmetic gives the table's values.</summary>
    private readonly bool _isComputable;

    /// <summary>Makes the normalisation.</summary>
    /// <param name="mean">Mean of red, green and blue on the scale 0 … 1.</param>
    /// <param name="std">Standard deviation of red, green and blue on the same scale, not 0.</param>
    public Normalization(ReadOnlySpan<float> mean, ReadOnlySpan<float> std)
    {
        if (mean.Length != Image.Channels || std.Length != Image.Channels)
            throw new ArgumentException("Mean and standard deviation take three values each.");
        for (int c = 0; c < Image.Channels; c++)
            for (int level = 0; level < Levels; level++)
                _table[(c * Levels) + level] = ((level / 255f) - mean[c]) / std[c];
        for (int i = 0; i < Period; i++)
            (_mean[i], _std[i], _reciprocal[i]) = (mean[i % Image.Channels], std[i % Image.Channels], 1 / std[i % Image.Channels]);
        _isComputable = IsComputable();
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
            for (int i = _isComputable ? Compute(input, output, pixels.Length) : 0; i < pixels.Length; i += Image.Channels)
            {
                output[i] = red[input[i]];
                output[i + 1] = green[input[i + 1]];
                output[i + 2] = blue[input[i + 2]];
            }
        }
    }

    /// <summary>Normalises whole periods and returns how many values these are. Division takes far longer than the rest, so it is done by reciprocals.</summary>
    private unsafe int Compute(byte* input, float* output, int count)
    {
        Vector256<float> white = Vector256.Create(255f), scale = Vector256.Create(1 / 255f);
        Vector256<float> mean0 = Vector256.Create(_mean), mean1 = Vector256.Create(_mean, 8), mean2 = Vector256.Create(_mean, 16);
        Vector256<float> std0 = Vector256.Create(_std), std1 = Vector256.Create(_std, 8), std2 = Vector256.Create(_std, 16);
        Vector256<float> reciprocal0 = Vector256.Create(_reciprocal), reciprocal1 = Vector256.Create(_reciprocal, 8), reciprocal2 = Vector256.Create(_reciprocal, 16);
        int i = 0;
        for (; i <= count - Period; i += Period)
        {
            Divide(Level(input + i) - mean0, std0, reciprocal0).Store(output + i);
            Divide(Level(input + i + 8) - mean1, std1, reciprocal1).Store(output + i + 8);
            Divide(Level(input + i + 16) - mean2, std2, reciprocal2).Store(output + i + 16);
        }
        return i;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        Vector256<float> Level(byte* levels) => Divide(Vector256.ConvertToSingle(Avx2.ConvertToVector256Int32(levels)), white, scale);
    }

    /// <summary>The quotient, corrected by its remainder: rounded as a division rounds but for rare divisors.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<float> Divide(Vector256<float> dividend, Vector256<float> divisor, Vector256<float> reciprocal)
    {
        Vector256<float> quotient = dividend * reciprocal;
        return Fma.MultiplyAdd(Fma.MultiplyAddNegated(quotient, divisor, dividend), reciprocal, quotient);
    }

    /// <summary>Tries every level of every channel.</summary>
    private unsafe bool IsComputable()
    {
        if (!Fma.IsSupported || !Avx2.IsSupported)
            return false;
        byte* levels = stackalloc byte[Period];
        float* values = stackalloc float[Period];
        for (int level = 0; level < Levels; level++)
        {
            for (int i = 0; i < Period; i++)
                levels[i] = (byte)level;
            Compute(levels, values, Period);
            for (int c = 0; c < Image.Channels; c++)
                if (BitConverter.SingleToInt32Bits(values[c]) != BitConverter.SingleToInt32Bits(_table[(c * Levels) + level]))
                    return false;
        }
        return true;
    }
}
