using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;

namespace PolaFormer.Tensors;

/// <summary>The extents of a row-major tensor: 0 to <see cref="MaxRank"/> dimensions, the last one contiguous. A value without heap memory.</summary>
[CollectionBuilder(typeof(Shape), nameof(Create))]
public readonly struct Shape : IEquatable<Shape>
{
    /// <summary>Most dimensions a tensor has: enough for (batch, heads, rows, columns, …) with room for window partitions.</summary>
    public const int MaxRank = 6;

    private readonly Extents _extents;
    private readonly int _rank;

    [InlineArray(MaxRank)]
    private struct Extents
    {
        private int _first;
    }

    /// <summary>Makes a shape from its extents, outermost first.</summary>
    /// <exception cref="ArgumentException">More than <see cref="MaxRank"/> dimensions, a negative extent, or a product beyond <see cref="long.MaxValue"/>.</exception>
    public Shape(params ReadOnlySpan<int> extents)
    {
        if (extents.Length > MaxRank)
            throw new ArgumentException($"A tensor has at most {MaxRank} dimensions; {extents.Length} were given.", nameof(extents));
        long count = 1;
        for (int i = 0; i < extents.Length; i++)
        {
            if (extents[i] < 0)
                throw new ArgumentException($"Dimension {i} is negative ({extents[i]}).", nameof(extents));
            count = checked(count * extents[i]);
            _extents[i] = extents[i];
        }

        _rank = extents.Length;
    }

    /// <summary>Makes a shape from a collection expression.</summary>
    public static Shape Create(ReadOnlySpan<int> extents) => new(extents);

    /// <summary>Number of dimensions; 0 for a scalar.</summary>
    public int Rank => _rank;

    /// <summary>Number of elements: the product of the extents, 1 for a scalar.</summary>
    public long Count
    {
        get
        {
            long count = 1;
            for (int i = 0; i < _rank; i++)
                count *= _extents[i];
            return count;
        }
    }

    /// <summary>The extents, outermost first.</summary>
    [UnscopedRef]
    public ReadOnlySpan<int> AsSpan() => ((ReadOnlySpan<int>)_extents)[.._rank];

    /// <summary>Enumerates the extents, outermost first.</summary>
    [UnscopedRef]
    public ReadOnlySpan<int>.Enumerator GetEnumerator() => AsSpan().GetEnumerator();

    /// <summary>The extent of a dimension; a negative index counts from the last one.</summary>
    /// <exception cref="ArgumentOutOfRangeException">No such dimension.</exception>
    public int this[int dimension] => _extents[Normalize(dimension)];

    /// <summary>The index of a dimension counted from the first, where a negative one counts from the last.</summary>
    /// <exception cref="ArgumentOutOfRangeException">No such dimension.</exception>
    public int Normalize(int dimension)
    {
        int index = dimension < 0 ? dimension + _rank : dimension;
        if ((uint)index >= (uint)_rank)
            throw new ArgumentOutOfRangeException(nameof(dimension), dimension, $"Shape {this} has no dimension {dimension}.");
        return index;
    }

    /// <summary>The same shape with one extent replaced.</summary>
    public Shape With(int dimension, int extent)
    {
        Span<int> extents = stackalloc int[_rank];
        AsSpan().CopyTo(extents);
        extents[Normalize(dimension)] = extent;
        return new Shape(extents);
    }

    /// <summary>The same shape without one dimension.</summary>
    public Shape Without(int dimension)
    {
        int index = Normalize(dimension);
        Span<int> extents = stackalloc int[_rank - 1];
        AsSpan()[..index].CopyTo(extents);
        AsSpan()[(index + 1)..].CopyTo(extents[index..]);
        return new Shape(extents);
    }

    /// <summary>Product of the extents in [<paramref name="from"/>, <paramref name="to"/>).</summary>
    public long CountOf(int from, int to)
    {
        long count = 1;
        for (int i = from; i < to; i++)
            count *= _extents[i];
        return count;
    }

    /// <summary>
    /// The shape two operands broadcast to: aligned at the last dimension, an extent of 1 stretches.
    /// </summary>
    /// <exception cref="ArgumentException">Two extents differ and neither is 1.</exception>
    public static Shape Broadcast(Shape a, Shape b)
    {
        int rank = Math.Max(a.Rank, b.Rank);
        Span<int> extents = stackalloc int[rank];
        for (int i = 1; i <= rank; i++)
        {
            int x = i <= a.Rank ? a[-i] : 1, y = i <= b.Rank ? b[-i] : 1;
            if (x != y && x != 1 && y != 1)
                throw new ArgumentException($"Shapes {a} and {b} do not broadcast: {x} against {y} in dimension {-i}.");
            extents[rank - i] = x == 1 ? y : x;
        }

        return new Shape(extents);
    }

    /// <inheritdoc/>
    public bool Equals(Shape other) => AsSpan().SequenceEqual(other.AsSpan());

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is Shape other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode()
    {
        var hash = new HashCode();
        foreach (int extent in AsSpan())
            hash.Add(extent);
        return hash.ToHashCode();
    }

    /// <summary>Same rank and extents.</summary>
    public static bool operator ==(Shape left, Shape right) => left.Equals(right);

    /// <summary>Different rank or extents.</summary>
    public static bool operator !=(Shape left, Shape right) => !left.Equals(right);

    /// <summary>The extents as <c>(2, 196, 64)</c>.</summary>
    public override string ToString() => $"({string.Join(", ", AsSpan().ToArray())})";
}
