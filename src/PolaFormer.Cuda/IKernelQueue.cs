using PolaFormer.Cuda.Products;

namespace PolaFormer.Cuda;

/// <summary>Runs kernels one after another: a GPU's stream, or fibres on the host.</summary>
public interface IKernelQueue
{
    /// <summary>Multiprocessors to share work among.</summary>
    int Multiprocessors { get; }

    /// <summary>Shared memory that one block may have, in bytes.</summary>
    int MostSharedBytes { get; }

    /// <summary>Starts a kernel of a module, one source file. Addresses in its arguments belong to the memory that it runs on.</summary>
    void Launch<T>(string module, string kernel, long blocks, int threads, int sharedBytes, in T arguments) where T : unmanaged;

    /// <summary>Runs a product by a library of the queue's own; false where there is none, or it has no algorithm for the product.</summary>
    internal bool TryMultiply(in ProductShape shape, in MatrixOnDevice a, in MatrixOnDevice b, nint bias, nint addend, in MatrixOnDevice y) => false;
}
