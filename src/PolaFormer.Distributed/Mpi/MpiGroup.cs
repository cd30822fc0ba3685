using System.Globalization;
using System.Runtime.InteropServices;

namespace PolaFormer.Distributed.Mpi;

/// <summary>The processes that <c>mpirun</c> started.</summary>
public sealed unsafe class MpiGroup : WorkerGroup
{
    // MPI counts elements by an int, and every message goes in pieces of this size.
    private const int PieceBytes = 1 << 30;
    private const int Tag = 7;
    private const int NoWorker = -1;

    // Short messages of workers that are both there are done within the first turns.
    private const int EagerTurns = 50;
    private const uint PauseMicroseconds = 20;

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

    /// <summary>Number of this process among those of its machine, from 0; 0 where it was started alone.</summary>
    public static int RankOnMachine => int.TryParse(Environment.GetEnvironmentVariable("OMPI_COMM_WORLD_LOCAL_RANK"), NumberStyles.None, CultureInfo.InvariantCulture, out int rank) ? rank : 0;

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
    public override void Send(int to, ReadOnlySpan<byte> bytes) => Exchange(to, bytes, NoWorker, []);

    /// <inheritdoc/>
    public override void Receive(int from, Span<byte> bytes) => Exchange(NoWorker, [], from, bytes);

    /// <inheritdoc/>
    public override void Exchange(int to, ReadOnlySpan<byte> sent, int from, Span<byte> received)
    {
        nint* requests = stackalloc nint[2];
        fixed (byte* source = sent, target = received)
        {
            int longest = Math.Max(sent.Length, received.Length);
            for (int done = 0; done < longest; done += PieceBytes)
            {
                int count = 0;
                if (done < received.Length)
                    Require(MpiApi.StartReceive(target + done, Piece(received.Length, done), _bytes, from, Tag, _world, out requests[count++]), $"receive from worker {from}");
                if (done < sent.Length)
                    Require(MpiApi.StartSend(source + done, Piece(sent.Length, done), _bytes, to, Tag, _world, out requests[count++]), $"send to worker {to}");
                Require(Wait(requests, count), $"exchange with worker {(from == NoWorker ? to : from)}");
            }
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

    // Calls of MPI that wait keep their core busy, which the backward pass beside them needs.
    private static int Wait(nint* requests, int count)
    {
        for (int turn = 0; ; turn++)
        {
            int code = MpiApi.AreDone(count, requests, out int isDone, 0);
            if (code != MpiApi.Success || isDone != 0)
                return code;
            if (turn < EagerTurns)
                Thread.Yield();
            else
                _ = MpiApi.Sleep(PauseMicroseconds);
        }
    }

    private static int Piece(int length, int done) => Math.Clamp(length - done, 0, PieceBytes);

    private static void Require(int code, string action)
    {
        if (code != MpiApi.Success)
            throw new WorkerException($"MPI could not {action}: {MpiApi.Describe(code)}");
    }
}
