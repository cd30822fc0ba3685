using System.Globalization;

namespace PolaFormer.Vision.Transforms;

/// <summary>
/// What timm's policy strings say, such as <c>rand-m9-mstd0.5-inc1</c>: parts after <c>rand</c>, in any order, each a key and a number.
/// </summary>
/// <param name="Magnitude"><c>m</c>: strength of the operations, 0 … 10.</param>
/// <param name="Operations"><c>n</c>: operations chosen for an image.</param>
/// <param name="MagnitudeStd"><c>mstd</c>: standard deviation of the strength.</param>
/// <param name="IsWeighted"><c>w0</c>: operations are chosen by timm's first set of weights, none twice.</param>
/// <param name="IsIncreasing"><c>inc</c>: every operation grows with the magnitude. As in timm, any number switches it on.</param>
public sealed record RandAugmentPolicy(int Magnitude = 10, int Operations = 2, double MagnitudeStd = 0, bool IsWeighted = false, bool IsIncreasing = false)
{
    /// <summary>The largest strength.</summary>
    public const int MaxMagnitude = 10;

    /// <summary>Reads a policy.</summary>
    /// <param name="text">The string.</param>
    /// <exception cref="FormatException">The string is no such policy; the message names the part and what is known.</exception>
    public static RandAugmentPolicy Parse(string text)
    {
        string[] parts = text.Split('-');
        if (parts[0] != "rand")
            throw new FormatException($"'{text}' is no RandAugment policy; the only kind supported is rand-…, such as rand-m9-mstd0.5-inc1.");
        var policy = new RandAugmentPolicy();
        foreach (string part in parts.AsSpan(1))
        {
            int digit = part.AsSpan().IndexOfAnyInRange('0', '9');
            ReadOnlySpan<char> key = digit < 0 ? part : part.AsSpan(0, digit), number = digit < 0 ? "" : part.AsSpan(digit);
            bool isNumber = double.TryParse(number, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double value);
            bool isWhole = int.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out int whole);
            policy = key switch
            {
                "m" when isWhole && whole <= MaxMagnitude => policy with { Magnitude = whole },
                "n" when isWhole && whole is >= 1 and <= 15 => policy with { Operations = whole },
                "mstd" when isNumber => policy with { MagnitudeStd = value },
                "w" when isWhole && whole == 0 => policy with { IsWeighted = true },
                "inc" when isNumber => policy with { IsIncreasing = true },
                _ => throw new FormatException($"'{text}': the part '{part}' is unknown; use m0 … m10 (magnitude), n1 … n15 (operations), mstd0.5 (its deviation), w0 (weights), inc1 (increasing)."),
            };
        }
        return policy;
    }
}
