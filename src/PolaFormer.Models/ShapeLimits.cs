using System.Numerics;
using System.Runtime.CompilerServices;

namespace PolaFormer.Models;

/// <summary>
/// Bounds of what a configuration may ask for. They lie far above every published network, and exist because a configuration may
/// come out of a checkpoint of unknown origin.
/// </summary>
internal static class ShapeLimits
{
    public const int Stages = 8, Depth = 256, Channels = 16384, Classes = 1 << 24, ImageSize = 8192, Ratio = 64;

    /// <summary>What every family asks of its configuration; <paramref name="depths"/> and <paramref name="numHeads"/> have one entry a stage.</summary>
    /// <exception cref="ArgumentException">It does not hold.</exception>
    public static void RequireModel(int imageSize, int numClasses, float dropPathRate, IReadOnlyList<int> depths, IReadOnlyList<int> numHeads)
    {
        int stages = depths.Count;
        Require(stages, 1, Stages, "The number of stages");
        Require(imageSize, 1, ImageSize, "ImageSize");
        Require(numClasses, 1, Classes, "NumClasses");
        Require(dropPathRate, 0, 0.99f, "DropPathRate");
        RequireEach(depths, stages, 0, Depth, "Depths");
        RequireEach(numHeads, stages, 1, Channels, "NumHeads");
    }

    /// <exception cref="ArgumentException">The value lies outside [min, max], or is NaN.</exception>
    public static void Require<T>(T value, T min, T max, [CallerArgumentExpression(nameof(value))] string name = "")
        where T : INumber<T>
    {
        if (!(value >= min && value <= max))
            throw new ArgumentException($"{name} is {value}; it must lie in [{min}, {max}].");
    }

    /// <exception cref="ArgumentException">The list has not one entry a stage, or one outside [min, max].</exception>
    public static void RequireEach<T>(IReadOnlyList<T> values, int stages, T min, T max, [CallerArgumentExpression(nameof(values))] string name = "")
        where T : INumber<T>
    {
        RequireCount(values, stages, name);
        foreach (T value in values)
            Require(value, min, max, name);
    }

    /// <exception cref="ArgumentException">The list has not one entry a stage.</exception>
    public static void RequireCount<T>(IReadOnlyList<T> values, int stages, [CallerArgumentExpression(nameof(values))] string name = "")
    {
        if (values.Count != stages)
            throw new ArgumentException($"{name} has {values.Count} entries for {stages} stages.");
    }

    /// <summary>Heads must divide the channels; those of PolaFormer++ into fours, which its rotary encoding turns in two planes.</summary>
    /// <exception cref="ArgumentException">They do not.</exception>
    public static void RequireHeads(int stage, int channels, int heads, int multiple = 1)
    {
        if (channels % (heads * multiple) != 0)
            throw new ArgumentException($"Stage {stage + 1}: {heads} heads do not divide {channels} channels{(multiple == 1 ? "" : $" into heads of a multiple of {multiple} channels")}.");
    }
}
