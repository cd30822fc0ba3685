using System.Runtime.InteropServices;

namespace PolaFormer.Distributed.Mpi;

/// <summary>The processes that <c>mpirun</c> started.</summary>
public sealed unsafe class MpiGroup : WorkerGroup
{
    // MPI counts elements by an int, and every message goes in pieces of this size.
    private const int PieceBytes = 1 << 30;
    private const int Tag = 7;

    private readonly nint _world, _bytes;
    private bool _isLeft;

    private MpiGroup(nint library)
    {
        _world = NativeLibrary.GetExport(library, "ompi_mpi_comm_world");
        _bytes = NativeLibrary.GetExport(library, "ompi_mpi_byte");
        Require(MpiApi.InitThread(null, null, MpiApi.ThreadMultiple, out int provided), "start");
        if (provided < MpiApi.ThreadMultiple)
            throw new WorkerException("This Open MPI cannot be called from several threads. Install one that was built with thread support.");
        Require(MpiApi.SetErrorHandler(_world, NativeLibrary.GetExport(library, "ompi_mpi_errors_return")), "start");
        Require(MpiApi.Rank(_world, out int rank), "start");
        Require(MpiApi.Size(_world, out int size), "start");
        (Rank, Size) = (rank, size);
    }

    /// <summary>Whether <c>mpirun</c> started this process.</summary>
    public static bool IsStarted => Environment.GetEnvironmentVariable("OMPI_COMM_WORLD_SIZE") is not null;

    /// <inheritdoc/>
    public override int Rank { get; }

    /// <inheritdoc/>
    public override int Size { get; }

    /// <summary>The group that this process was started in; a single worker where it was started alone. Once in a process.</summary>
    /// <exception cref="WorkerException">Open MPI is not installed here, or does not start.</exception>
    public static WorkerGroup Join()
    {
        if (!IsStarted)
            return Single;
        return MpiApi.Load() is not 0 and var library
            ? new MpiGroup(library)
            : throw new WorkerException($"{Environment.MachineName}: mpirun started this program, but libmpi.so.40 is not found. Install Open MPI 4 or 5 on every machine (Debian: libopenmpi3).");
    }

    /// <inheritdoc/>
    public override void Send(int to, ReadOnlySpan<byte> bytes)
    {
        fixed (byte* start = bytes)
        {
            for (int done = 0; done < bytes.Length; done += PieceBytes)
                Require(MpiApi.Send(start + done, Piece(bytes.Length, done), _bytes, to, Tag, _world), $"send to worker {to}");
        }
    }

    /// <inheritdoc/>
    public override void Receive(int from, Span<byte> bytes)
    {
        fixed (byte* start = bytes)
        {
            for (int done = 0; done < bytes.Length; done += PieceBytes)
                Require(MpiApi.Receive(start + done, Piece(bytes.Length, done), _bytes, from, Tag, _world, 0), $"receive from worker {from}");
        }
    }

    /// <inheritdoc/>
    public override void Exchange(int with, ReadOnlySpan<byte> sent, Span<byte> received)
    {
        fixed (byte* from = sent, to = received)
        {
            int longest = Math.Max(sent.Length, received.Length);
            for (int done = 0; done < longest; done += PieceBytes)
                Require(MpiApi.Exchange(from + done, Piece(sent.Length, done), _bytes, with, Tag, to + done, Piece(received.Length, done), _bytes, with, Tag, _world, 0), $"exchange with worker {with}");
        }
    }

    /// <inheritdoc/>
    public override void Abort(int exitCode)
    {
        // mpirun ends the others; this process may return from it first.
        _ = MpiApi.Abort(_world, exitCode);
        Environment.Exit(exitCode);
    }

    /// <inheritdoc/>
    protected override void Dispose(bool isDisposing)
    {
        if (!_isLeft)
            _ = MpiApi.Finish();
        _isLeft = true;
    }

    private static int Piece(int length, int done) => Math.Clamp(length - done, 0, PieceBytes);

    private static void Require(int code, string action)
    {
        if (code != MpiApi.Success)
            throw new WorkerException($"MPI could not {action}: {MpiApi.Describe(code)}");
    }
}
