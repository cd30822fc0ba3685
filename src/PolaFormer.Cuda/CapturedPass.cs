using PolaFormer.Tensors;
using PolaFormer.Tensors.Memory;

namespace PolaFormer.Cuda;

/// <summary>
/// A pass that becomes one piece of work of a GPU in its third run, with memory of its own, which it finds as it left it. A pass that
/// cannot be one goes on request by request.
/// </summary>
internal sealed class CapturedPass : RepeatedPass
{
    // The first run loads kernels, finds algorithms and makes tables that stay; the second takes the memory of a run that has them.
    private const int RunsBefore = 2;

    private readonly CudaDevice _device;
    private readonly Func<Tensor> _pass;
    private readonly GpuPool _pool;

    // The number of the step under way, where kernels of the captured work read it.
    private readonly Storage _step;

    // What captured work reads and writes: tables that a module made and has replaced since stay for it.
    private readonly HashSet<Storage> _memory = [];

    private ICapturedWork? _work;
    private Tensor? _result;
    private string? _reason;
    private int _runs;
    private List<int> _fromHost = [];
    private bool _disposed;

    public CapturedPass(CudaDevice device, GpuPool pool, Func<Tensor> pass)
        : base(pass)
    {
        (_device, _pool, _pass) = (device, pool, pass);
        _step = MemoryScope.OutsideScopes(() => device.Empty([1], DType.Int64)).Storage;
    }

    public override string? WhyNotWhole => _reason;

    public override Tensor Run(ulong step = 0)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        if (_runs == RunsBefore && _work is null && _reason is null)
            Capture(step);
        if (_work is null)
        {
            _runs = Math.Min(_runs + 1, RunsBefore);
            _fromHost = [];
            return _device.RunIn(_pool, _reason is null ? _fromHost : null, () => base.Run(step));
        }

        _device.Write(_step, step);
        _work.Run();
        return _result!;
    }

    protected override void Dispose(bool disposing)
    {
        if (_disposed)
            return;
        _disposed = true;
        _work?.Dispose();
        _result?.Storage.Release();
        _memory.Clear();
        base.Dispose(disposing);
        _device.Inherit(_pool);
    }

    // Takes the requests down; they are carried out by the first run of the work.
    private void Capture(ulong step)
    {
        Release();
        List<int> before = _fromHost, now = [];
        try
        {
            ICapturedWork work = _device.Capture(_pool, now, new CapturedStep(_device.AddressOf(_step), step), _memory, () => _result = Keep(_pass));
            if (before.SequenceEqual(now))
                _work = work;
            else
                work.Dispose();
        }
        catch (Exception error) when (error is CudaException or InvalidOperationException)
        {
            _reason = error.Message;
        }

        if (_work is not null)
            return;
        _reason ??= "It takes values from the host that are not the same in every run.";
        _memory.Clear();
        _result?.Storage.Release();
        _result = null;
    }
}
