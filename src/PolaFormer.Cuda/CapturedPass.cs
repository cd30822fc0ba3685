using PolaFormer.Tensors;

namespace PolaFormer.Cuda;

/// <summary>A pass as one piece of work of a GPU, with memory of its own, which it finds as it left it.</summary>
internal sealed class CapturedPass(ICapturedWork work, Tensor result, GpuPool pool) : RepeatedPass(() => result)
{
    private bool _disposed;

    public override Tensor Run()
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        work.Run();
        return result;
    }

    protected override void Dispose(bool disposing)
    {
        if (_disposed)
            return;
        _disposed = true;
        work.Dispose();
        result.Storage.Release();
        pool.Trim();
    }
}
