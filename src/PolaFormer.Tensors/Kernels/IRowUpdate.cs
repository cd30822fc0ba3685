namespace PolaFormer.Tensors.Kernels;

/// <summary>What a kernel does to elements of a row of arrays, each element by itself.</summary>
internal interface IRowUpdate
{
    /// <summary>Updates the elements from <paramref name="from"/> to before <paramref name="to"/>.</summary>
    void Run<T>(in ArrayRow row, long from, long to) where T : unmanaged, IFloat32Vector<T>;
}
