using System.Runtime.InteropServices;

namespace PolaFormer.Cuda.Tests.Fibres;

/// <summary>
/// Runs kernels on the host, the threads of a block as fibres. Order 0 is ascending, 1 descending, any other a shuffle.
/// Fibres use one state, so that one kernel runs at a time.
/// </summary>
internal sealed unsafe class FibreQueue(uint order, int multiprocessors = 2) : IKernelQueue
{
    private static readonly Lock s_lock = new();

    public int Multiprocessors => multiprocessors;

    public int MostSharedBytes => 227 * 1024;

    public void Launch<T>(string module, string kernel, long blocks, int threads, int sharedBytes, in T arguments) where T : unmanaged
    {
        Assert.InRange(sharedBytes, 0, MostSharedBytes);
        var run = (delegate* unmanaged<int, int, int, void*, uint, byte*>)NativeLibrary.GetExport(HostKernels.Library(module), kernel);
        fixed (T* pointer = &arguments)
        {
            lock (s_lock)
            {
                byte* error = run((int)blocks, threads, sharedBytes, pointer, order);
                Assert.True(error == null, Marshal.PtrToStringUTF8((nint)error));
            }
        }
    }
}
