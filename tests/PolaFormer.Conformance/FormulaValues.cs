using System.Text;
using PolaFormer.NN;
using PolaFormer.Tensors;

namespace PolaFormer.Conformance;

/// <summary>
/// The weights and inputs of the reference cases, which follow from names: a SplitMix64 stream seeded by the FNV-1a hash of
/// the name (SPEC §2 of the fixtures). Every operation rounds to float32 by itself.
/// </summary>
internal static class FormulaValues
{
    private const float UnitStep = 1f / (1 << 24), SymmetricStep = 1f / (1 << 23);

    private static readonly float[] s_mean = [0.485f, 0.456f, 0.406f];
    private static readonly float[] s_deviation = [0.229f, 0.224f, 0.225f];

    /// <summary>FNV-1a, 64 bits, of the key's UTF-8 bytes.</summary>
    public static ulong Seed(string key)
    {
        ulong hash = 0xCBF29CE484222325;
        foreach (byte b in Encoding.UTF8.GetBytes(key))
            hash = (hash ^ b) * 0x100000001B3;
        return hash;
    }

    /// <summary>The 24-bit number at a place of a key's stream.</summary>
    public static int Mantissa(ulong seed, long index)
    {
        ulong z = seed + (((ulong)index + 1) * 0x9E3779B97F4A7C15);
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return (int)((z ^ (z >> 31)) >> 40);
    }

    /// <summary>u in [0, 1).</summary>
    public static float[] Unit(string key, long count)
    {
        ulong seed = Seed(key);
        float[] values = new float[count];
        for (int i = 0; i < values.Length; i++)
            values[i] = Mantissa(seed, i) * UnitStep;
        return values;
    }

    /// <summary>s in [−1, 1).</summary>
    public static float[] Symmetric(string key, long count)
    {
        ulong seed = Seed(key);
        float[] values = new float[count];
        for (int i = 0; i < values.Length; i++)
            values[i] = (Mantissa(seed, i) - (1 << 23)) * SymmetricStep;
        return values;
    }

    /// <summary>Class numbers.</summary>
    public static long[] Labels(string key, int count, int numClasses)
    {
        ulong seed = Seed(key);
        return [.. Enumerable.Range(0, count).Select(i => (long)(Mantissa(seed, i) % numClasses))];
    }

    /// <summary>Whether a state-dict entry keeps the value its constructor gave it.</summary>
    public static bool IsConstant(string name) => Last(name) is "angle" or "relative_position_index" or "attn_mask";

    /// <summary>Overwrites parameters and statistics by the values of their names; constants stay.</summary>
    public static void Fill(Module module, string salt)
    {
        foreach ((string name, Tensor tensor) in module.StateDict())
        {
            if (tensor.DType == DType.Float32 && !IsConstant(name))
                tensor.CopyFrom(Entry(salt, name, tensor.Shape));
            else if (Last(name) == "num_batches_tracked")
                tensor.Write<long>(values => values.Clear());
        }
    }

    /// <summary>The values of a float32 state-dict entry, by the first rule that its name or rank meets.</summary>
    public static float[] Entry(string salt, string name, Shape shape)
    {
        string last = Last(name), key = salt + name;
        if (last == "running_var")
            return Map(Unit(key, shape.Count), u => 1 + u);
        if (last is "gamma_1" or "gamma_2")
            return Map(Unit(key, shape.Count), u => 0.5f + (0.5f * u));
        float[] s = Symmetric(key, shape.Count);
        if (last is "power" or "s1" or "s2")
            return s;
        if (last == "running_mean")
            return Scaled(s, 0.1f);
        if (last == "scale")
            return Scaled(s, 0.5f);
        if (last is "positional_encoding" or "absolute_pos_embed" or "relative_position_bias_table" || last.StartsWith("pos_embed", StringComparison.Ordinal))
            return Scaled(s, 0.2f);
        if (last == "bias")
            return Scaled(s, 0.1f);
        if (shape.Rank == 1)
            return Map(s, value => 1 + (0.1f * value));

        double bound = Math.Sqrt(3.0 / shape.CountOf(1, shape.Rank));
        bool isPosition = name == "pos.weight" || name.EndsWith(".pos.weight", StringComparison.Ordinal);
        return Scaled(s, (float)(isPosition ? 0.25 * bound : bound));
    }

    /// <summary>A picture of ramps and a disc, normalised as ImageNet's: (3, height, width).</summary>
    public static float[] SmoothImage(int height, int width)
    {
        float[] values = new float[3 * height * width];
        int radius = Math.Min(height, width) / 2;
        for (int c = 0, i = 0; c < 3; c++)
        {
            for (int y = 0; y < height; y++)
            {
                for (int x = 0; x < width; x++, i++)
                {
                    float scaled = SmoothLevel(c, y, x, height, width, radius) / 255f;
                    values[i] = (scaled - s_mean[c]) / s_deviation[c];
                }
            }
        }

        return values;
    }

    /// <summary>The same picture in levels, pixels interleaved: (height, width, 3).</summary>
    public static byte[] SmoothBytes(int height, int width) =>
        [.. Enumerable.Range(0, 3 * height * width).Select(i => (byte)SmoothLevel(i % 3, i / 3 / width, i / 3 % width, height, width, Math.Min(height, width) / 2))];

    private static int SmoothLevel(int channel, int y, int x, int height, int width, int radius)
    {
        int t = ((x * (3 + channel)) + (y * (2 + (2 * channel))) + (61 * channel)) % 512;
        int level = t < 256 ? t : 511 - t;
        int dx = (2 * x) - width, dy = (2 * y) - height;
        return (dx * dx) + (dy * dy) < radius * radius ? 255 - level : level;
    }

    private static string Last(string name) => name[(name.LastIndexOf('.') + 1)..];

    private static float[] Scaled(float[] values, float factor) => Map(values, value => factor * value);

    private static float[] Map(float[] values, Func<float, float> function)
    {
        for (int i = 0; i < values.Length; i++)
            values[i] = function(values[i]);
        return values;
    }
}
