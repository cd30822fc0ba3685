using System.Runtime.InteropServices;

namespace PolaFormer.Distributed;

/// <summary>
/// Workers that are threads of one process and whose time is computed: each has a clock, which its messages move as a link of a given
/// latency and rate would. Sums and other collectives run as they are, so their schedules are measured and not described again.
/// </summary>
/// <remarks>Messages that start together pass each other; links of different pairs of workers do not share anything, as in a switch that does not block.</remarks>
public sealed class SimulatedGroup : WorkerGroup
{
    private readonly WorkerGroup _threads;
    private readonly Func<int, int, (double Latency, double SecondsPerByte)> _linkOf;

    private SimulatedGroup(WorkerGroup threads, Func<int, int, (double Latency, double SecondsPerByte)> linkOf) => (_threads, _linkOf) = (threads, linkOf);

    /// <inheritdoc/>
    public override int Rank => _threads.Rank;

    /// <inheritdoc/>
    public override int Size => _threads.Size;

    /// <summary>Time of this worker in seconds. It is moved by messages, and by who computes meanwhile.</summary>
    public double Clock { get; set; }

    /// <summary>Runs a function on every worker of a new group, each on a thread of its own.</summary>
    /// <param name="size">Number of workers.</param>
    /// <param name="latency">Seconds from the start of a message to that of its arrival.</param>
    /// <param name="secondsPerByte">Seconds that each byte of a message adds.</param>
    /// <param name="work">What a worker does.</param>
    /// <returns>The results, in the order of the workers' numbers.</returns>
    /// <exception cref="AggregateException">What a worker threw; the others were ended.</exception>
    public static T[] Run<T>(int size, double latency, double secondsPerByte, Func<SimulatedGroup, T> work) => Run(size, (_, _) => (latency, secondsPerByte), work);

    /// <summary>Runs a function on every worker of a new group whose links differ, each on a thread of its own.</summary>
    /// <param name="size">Number of workers.</param>
    /// <param name="linkOf">Seconds from the start of a message to that of its arrival, and seconds that each byte adds, by the numbers of sender and receiver.</param>
    /// <param name="work">What a worker does.</param>
    /// <returns>The results, in the order of the workers' numbers.</returns>
    /// <exception cref="AggregateException">What a worker threw; the others were ended.</exception>
    public static T[] Run<T>(int size, Func<int, int, (double Latency, double SecondsPerByte)> linkOf, Func<SimulatedGroup, T> work) =>
        LocalGroup.Run(size, threads => work(new SimulatedGroup(threads, linkOf)));

    /// <inheritdoc/>
    public override void Send(int to, ReadOnlySpan<byte> bytes)
    {
        SendAt(to, bytes);
        Clock += bytes.Length * _linkOf(Rank, to).SecondsPerByte;
    }

    /// <inheritdoc/>
    public override void Receive(int from, Span<byte> bytes) => Clock = Math.Max(Clock, ArrivalOf(from, bytes));

    /// <inheritdoc/>
    public override void Exchange(int to, ReadOnlySpan<byte> sent, int from, Span<byte> received)
    {
        SendAt(to, sent);
        Clock = Math.Max(Clock + (sent.Length * _linkOf(Rank, to).SecondsPerByte), ArrivalOf(from, received));
    }

    /// <inheritdoc/>
    public override void Abort(int exitCode) => _threads.Abort(exitCode);

    // A message begins with the clock of its sender.
    private void SendAt(int to, ReadOnlySpan<byte> bytes) => _threads.Send(to, [.. MemoryMarshal.AsBytes<double>([Clock]), .. bytes]);

    private double ArrivalOf(int from, Span<byte> bytes)
    {
        byte[] message = new byte[sizeof(double) + bytes.Length];
        _threads.Receive(from, message);
        message.AsSpan(sizeof(double)).CopyTo(bytes);
        (double latency, double secondsPerByte) = _linkOf(from, Rank);
        return BitConverter.ToDouble(message) + latency + (bytes.Length * secondsPerByte);
    }
}
