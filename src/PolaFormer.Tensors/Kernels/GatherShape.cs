namespace PolaFormer.Tensors.Kernels;

/// <summary>Extents of a choice of rows.</summary>
/// <param name="Groups">Tables, one behind another.</param>
/// <param name="Rows">Rows of a table.</param>
/// <param name="Columns">Values of a row.</param>
/// <param name="IndexGroups">Lists of indices: table g uses list g mod this number.</param>
/// <param name="Count">Rows chosen of a table.</param>
internal readonly record struct GatherShape(long Groups, int Rows, int Columns, long IndexGroups, int Count)
{
    /// <summary>Rows of all results.</summary>
    public long ResultRows => Groups * Count;

    /// <summary>A choice of <paramref name="count"/> places along a dimension.</summary>
    public static GatherShape Of(Shape x, int dimension, long indices, int count) =>
        new(x.CountOf(0, dimension), x[dimension], checked((int)x.CountOf(dimension + 1, x.Rank)), count == 0 ? 1 : indices / count, count);
}
