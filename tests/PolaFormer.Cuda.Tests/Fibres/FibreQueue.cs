using System.Runtime.InteropServices;

namespace PolaFormer.Cuda.Tests.Fibres;

/// <summary>
/// Runs kernels on the host, the threads of a block as fibres. Order 0 is ascending, 1 descending, any other a shuffle.
/// Fibres use one state, so that one kernel runs at a time.
/// </summary>
internal sealed unsafe class FibreQueue(uint order, int multiprocessors = 2) : IKernelQueue
{
    private static readonly Lock s_lock = new();

    private List<Action>? _captured;

    public bool IsCapturing => _captured is not null;

    /// <summary>Runs of captured work so far.</summary>
    public int CapturedRuns { get; private set; }

    /// <summary>Kernels that were launched so far, in their order; those that are captured, when they are taken down.</summary>
    public List<string> Launched { get; } = [];

    public int Multiprocessors => multiprocessors;

    public int MostSharedBytes => 227 * 1024;

    public void Launch<T>(string module, string kernel, long blocks, int threads, int sharedBytes, in T arguments) where T : unmanaged
    {
        Assert.InRange(sharedBytes, 0, MostSharedBytes);
        Launched.Add(kernel);
        T copy = arguments;
        Do(() => Run(module, kernel, blocks, threads, sharedBytes, copy));
    }

    /// <summary>Does something in its turn: at once, or each time that what is being captured runs.</summary>
    public void Do(Action action)
    {
        if (_captured is null)
            action();
        else
            _captured.Add(action);
    }

    /// <summary>Takes down what is queued instead of doing it.</summary>
    public ICapturedWork Capture(Action work)
    {
        var captured = _captured = [];
        try
        {
            work();
        }
        finally
        {
            _captured = null;
        }

        return new Actions(captured, () => CapturedRuns++);
    }

    private void Run<T>(string module, string kernel, long blocks, int threads, int sharedBytes, T arguments) where T : unmanaged
    {
        var run = (delegate* unmanaged<int, int, int, void*, uint, byte*>)NativeLibrary.GetExport(HostKernels.Library(module), kernel);
        lock (s_lock)
        {
            byte* error = run((int)blocks, threads, sharedBytes, &arguments, order);
            Assert.True(error == null, Marshal.PtrToStringUTF8((nint)error));
        }
    }

    private sealed class Actions(List<Action> actions, Action count) : ICapturedWork
    {
        public void Run()
        {
            count();
            actions.ForEach(action => action());
        }

        public void Dispose() => actions.Clear();
    }
}
