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
}
