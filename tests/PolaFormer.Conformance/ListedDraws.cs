using PolaFormer.Vision.Transforms;

namespace PolaFormer.Conformance;

/// <summary>Answers with the whole numbers of a recorded run.</summary>
/// <param name="draws">The numbers in order.</param>
internal sealed class ListedDraws(int[] draws) : IRandomSource
{
    private int _next;

    /// <summary>Numbers that nobody asked for.</summary>
    public int Left => draws.Length - _next;

    /// <inheritdoc/>
    public int Integer(int low, int high) => draws[_next++];

    /// <inheritdoc/>
    public double Uniform(double low, double high) => throw new InvalidDataException("The case holds whole numbers only.");

    /// <inheritdoc/>
    public double Normal(double mean, double std) => throw new InvalidDataException("The case holds whole numbers only.");

    /// <inheritdoc/>
    public void FillNormal(Span<float> values) => throw new InvalidDataException("The case holds whole numbers only.");
}
