using System.Runtime.InteropServices;
using PolaFormer.Cuda.Core;
using PolaFormer.Cuda.Driver;
using PolaFormer.Cuda.Requests;
using PolaFormer.Tensors;

namespace PolaFormer.Cuda.Links;

/// <summary>Messages of a GPU by NCCL, in a stream of their own beside that of the device's requests.</summary>
internal sealed class NcclLinks : DeviceLinks
{
    private readonly ISideStream _stream;
    private readonly int _rank;
    private nint _communicator;

    /// <summary>Meets the other processes, which do the same.</summary>
    public NcclLinks(IGpuRuntime runtime, ReadOnlySpan<byte> id, int rank, int size)
    {
        (_stream, _rank) = (runtime.NewSideStream(), rank);
        // NCCL takes the GPU whose context is this thread's.
        _stream.Bind();
        NcclApi.Check(NcclApi.ncclCommInitRank(out _communicator, size, MemoryMarshal.Read<NcclApi.UniqueId>(id), rank), $"join {size} workers");
    }

    public override void WaitForDevice() => _stream.WaitForMain();

    public override void LetDeviceWait()
    {
        NcclApi.Check(NcclApi.ncclCommGetAsyncError(_communicator, out int error), "tell its state");
        if (error != NcclApi.InProgress)
            NcclApi.Check(error, $"exchange gradients of worker {_rank} with the others");
        _stream.LetMainWait();
    }

    public override void Exchange(int to, Tensor? sent, int from, Tensor? received)
    {
        _stream.Bind();
        NcclApi.Check(NcclApi.ncclGroupStart(), "begin a message");
        if (sent is not null)
            NcclApi.Check(NcclApi.ncclSend(sent.Address, (nuint)sent.Count, NcclApi.Float32, to, _communicator, _stream.Handle), $"send to worker {to}");
        if (received is not null)
            NcclApi.Check(NcclApi.ncclRecv(received.Address, (nuint)received.Count, NcclApi.Float32, from, _communicator, _stream.Handle), $"receive from worker {from}");
        NcclApi.Check(NcclApi.ncclGroupEnd(), $"exchange with worker {(received is null ? to : from)}");
    }

    // Products with 1 are exact, so that a sum is rounded once, as the processor rounds it.
    public override void Add(Tensor sums, Tensor values) => ElementwiseKernels.AddScaled(_stream.Queue, StorageType.Float, values.Address, 1, sums.Address, 1, sums.Count);

    protected override void Dispose(bool isDisposing)
    {
        nint communicator = Interlocked.Exchange(ref _communicator, 0);
        if (communicator == 0)
            return;
        _stream.Bind();
        // Where another worker has ended, waiting for its messages would not end.
        _ = NcclApi.ncclCommAbort(communicator);
        _stream.Dispose();
    }
}
