using System.Buffers;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;

namespace PolaFormer.Distributed;

/// <content>What all workers do together.</content>
public abstract partial class WorkerGroup
{
    /// <summary>
    /// The messages after which values are their sums over all workers, with the same bits on all: neighbours add first, then pairs
    /// of neighbours and so on, a balanced binary tree. By recursive halving, so that each worker adds a share and sends and receives
    /// twice the values at most (Thakur et al., Optimization of Collective Communication Operations in MPICH, 2005).
    /// </summary>
    /// <param name="count">Number of values.</param>
    /// <exception cref="InvalidOperationException">The number of workers is no power of two.</exception>
    public IReadOnlyList<SumStep> StepsOfTree(int count)
    {
        if (!int.IsPow2(Size))
            throw new InvalidOperationException($"{Size} workers are no power of two.");
        var steps = new List<SumStep>();
        var parts = new Stack<(int Start, int Length)>();
        (int start, int length) = (0, count);
        for (int distance = 1; distance < Size; distance *= 2)
        {
            parts.Push((start, length));
            int other = Rank ^ distance;
            (int Start, int Length) kept = PartOf(Rank, start, length, distance), sent = PartOf(other, start, length, distance);
            steps.Add(new SumStep(other, sent.Start, sent.Length, other, kept.Start, kept.Length, Adds: true));
            (start, length) = kept;
        }

        for (int distance = Size / 2; distance > 0; distance /= 2)
        {
            int other = Rank ^ distance;
            (int outerStart, int outerLength) = parts.Pop();
            (int Start, int Length) missing = PartOf(other, outerStart, outerLength, distance);
            steps.Add(new SumStep(other, start, length, other, missing.Start, missing.Length, Adds: false));
            (start, length) = (outerStart, outerLength);
        }

        return steps;
    }

    /// <summary>
    /// The messages after which values are their sums over any number of workers, with the same bits on all: parts of them go round a
    /// ring, each worker adding its own, then round again as they are. What a sum is follows from the number of workers.
    /// </summary>
    /// <param name="count">Number of values.</param>
    public IReadOnlyList<SumStep> StepsOfRing(int count)
    {
        var steps = new List<SumStep>();
        (int next, int before) = ((Rank + 1) % Size, (Rank + Size - 1) % Size);
        for (int turn = 0; turn < 2 * (Size - 1); turn++)
        {
            (int sentStart, int sentCount) = PartOfRing(count, Rank - turn);
            (int start, int received) = PartOfRing(count, Rank - turn - 1);
            steps.Add(new SumStep(next, sentStart, sentCount, before, start, received, Adds: turn < Size - 1));
        }

        return steps;
    }

    /// <summary>Replaces values by their sums over all workers (<see cref="StepsOfTree"/>).</summary>
    /// <param name="values">As many on every worker.</param>
    /// <exception cref="InvalidOperationException">The number of workers is no power of two.</exception>
    /// <exception cref="WorkerException">The connection failed.</exception>
    public void SumInTree(Span<float> values) => Sum(values, StepsOfTree(values.Length));

    /// <summary>Replaces values by their sums over any number of workers (<see cref="StepsOfRing"/>).</summary>
    /// <param name="values">As many on every worker.</param>
    /// <exception cref="WorkerException">The connection failed.</exception>
    public void SumInRing(Span<float> values) => Sum(values, StepsOfRing(values.Length));

    /// <summary>Replaces bytes by those of worker 0.</summary>
    /// <param name="bytes">As many on every worker.</param>
    /// <exception cref="WorkerException">The connection failed.</exception>
    public void Broadcast(Span<byte> bytes)
    {
        foreach ((int worker, bool isSent) in StepsOfBroadcast())
        {
            if (isSent)
                Send(worker, bytes);
            else
                Receive(worker, bytes);
        }
    }

    /// <summary>The messages after which all workers have what worker 0 has, down a binomial tree: with whom, and whether this worker sends.</summary>
    public IEnumerable<(int Worker, bool IsSent)> StepsOfBroadcast()
    {
        if (Rank > 0)
            yield return (Parent, false);
        for (int distance = LowestBit / 2; distance > 0; distance /= 2)
        {
            if (Rank + distance < Size)
                yield return (Rank + distance, true);
        }
    }

    /// <summary>Gives every worker the parts of all, of which each has filled its own: they go round a ring, from and to the memory where they lie.</summary>
    /// <param name="partOf">The part of a worker, as many bytes on all; may be empty.</param>
    /// <exception cref="WorkerException">The connection failed.</exception>
    public void Exchange(Func<int, Span<byte>> partOf)
    {
        (int next, int before) = ((Rank + 1) % Size, (Rank + Size - 1) % Size);
        for (int turn = 0; turn < Size - 1; turn++)
            Exchange(next, partOf((Rank + Size - turn) % Size), before, partOf((Rank + (2 * Size) - turn - 1) % Size));
    }

    /// <summary>The bytes of every worker, in the order of their numbers.</summary>
    /// <param name="own">As many on every worker.</param>
    /// <exception cref="WorkerException">The connection failed.</exception>
    public byte[] Gather(ReadOnlySpan<byte> own)
    {
        byte[] all = new byte[checked(own.Length * Size)];
        own.CopyTo(all.AsSpan(Rank * own.Length));
        for (int worker = 1; worker < Size; worker++)
        {
            if (IsFirst)
                Receive(worker, all.AsSpan(worker * own.Length, own.Length));
            else if (worker == Rank)
                Send(0, own);
        }

        Broadcast(all);
        return all;
    }

    /// <summary>The bytes of every worker, which need not be as many, in the order of their numbers.</summary>
    /// <exception cref="WorkerException">The connection failed.</exception>
    public byte[][] GatherAll(ReadOnlySpan<byte> own)
    {
        if (Size == 1)
            return [own.ToArray()];
        int[] lengths = MemoryMarshal.Cast<byte, int>(Gather(BitConverter.GetBytes(own.Length))).ToArray();
        int longest = lengths.Max();
        byte[] padded = new byte[longest];
        own.CopyTo(padded);
        byte[] all = Gather(padded);
        return [.. lengths.Select((length, worker) => all.AsSpan(worker * longest, length).ToArray())];
    }

    /// <summary>A text of every worker, in the order of their numbers.</summary>
    /// <exception cref="WorkerException">The connection failed.</exception>
    public string[] GatherAll(string own) => Array.ConvertAll(GatherAll(Encoding.UTF8.GetBytes(own)), Encoding.UTF8.GetString);

    /// <summary>The flags that any worker has.</summary>
    /// <exception cref="WorkerException">The connection failed.</exception>
    public int Any(int flags)
    {
        Span<int> any = [flags], theirs = [0];
        for (int distance = 1; distance < LowestBit; distance *= 2)
        {
            if (Rank + distance >= Size)
                continue;
            Receive(Rank + distance, MemoryMarshal.AsBytes(theirs));
            any[0] |= theirs[0];
        }

        if (Rank > 0)
            Send(Parent, MemoryMarshal.AsBytes(any));
        Broadcast(MemoryMarshal.AsBytes(any));
        return any[0];
    }

    /// <summary>Sums of counts over all workers.</summary>
    /// <param name="own">As many on every worker.</param>
    /// <exception cref="WorkerException">The connection failed.</exception>
    public long[] SumOf(ReadOnlySpan<long> own)
    {
        long[] sums = new long[own.Length];
        ReadOnlySpan<long> all = MemoryMarshal.Cast<byte, long>(Gather(MemoryMarshal.AsBytes(own)));
        for (int i = 0; i < all.Length; i++)
            sums[i % sums.Length] += all[i];
        return sums;
    }

    /// <summary>The things of all workers, those of worker 0 first.</summary>
    /// <param name="own">Those of this worker; they need not be as many on each.</param>
    /// <param name="write">Writes one.</param>
    /// <param name="read">Reads what <paramref name="write"/> wrote.</param>
    /// <exception cref="WorkerException">The connection failed.</exception>
    public IReadOnlyList<T> GatherAll<T>(IReadOnlyList<T> own, Action<BinaryWriter, T> write, Func<BinaryReader, T> read)
    {
        if (Size == 1)
            return own;
        using var stream = new MemoryStream();
        using var writer = new BinaryWriter(stream);
        foreach (T each in own)
            write(writer, each);
        var all = new List<T>();
        foreach (byte[] bytes in GatherAll(stream.ToArray()))
        {
            using var reader = new BinaryReader(new MemoryStream(bytes));
            while (reader.BaseStream.Position < bytes.Length)
                all.Add(read(reader));
        }

        return all;
    }

    /// <summary>Holds all workers to a fact.</summary>
    /// <param name="fact">What it is of, as an error names it.</param>
    /// <param name="value">What it is here.</param>
    /// <exception cref="WorkerException">On every worker: one has another than the first, and is named.</exception>
    public void RequireSame(string fact, string value)
    {
        if (Size == 1)
            return;
        string[] all = GatherAll(Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(value))));
        int other = Array.FindIndex(all, digest => digest != all[0]);
        if (other <= 0)
            return;
        string[] machines = GatherAll(Environment.MachineName);
        throw new WorkerException($"Worker {other} on {machines[other]} has another {fact} than worker 0 on {machines[0]}. Give all workers the same.");
    }

    /// <summary>The part of some things that this worker takes: neighbours, as many on every worker as can be, those of worker 0 first.</summary>
    /// <param name="count">Number of things.</param>
    public (int First, int End) ShareOf(int count) => ((int)((long)count * Rank / Size), (int)((long)count * (Rank + 1) / Size));

    // A binomial tree with worker 0 at its root: the worker above is the one whose number lacks the lowest bit.
    private int LowestBit => Rank == 0 ? 1 << 30 : Rank & -Rank;

    private int Parent => Rank - LowestBit;

    private void Sum(Span<float> values, IReadOnlyList<SumStep> steps)
    {
        float[] theirs = ArrayPool<float>.Shared.Rent(steps.Where(step => step.Adds).Select(step => step.Count).DefaultIfEmpty().Max());
        foreach (SumStep step in steps)
        {
            Span<float> mine = values.Slice(step.Start, step.Count), received = step.Adds ? theirs.AsSpan(0, step.Count) : mine;
            Exchange(step.To, MemoryMarshal.AsBytes(values.Slice(step.SentStart, step.SentCount)), step.From, MemoryMarshal.AsBytes(received));
            if (step.Adds)
                ElementwiseSum.AddTo(mine, received);
        }

        ArrayPool<float>.Shared.Return(theirs);
    }

    private (int Start, int Count) PartOfRing(int count, int number)
    {
        int part = (number + (2 * Size)) % Size, start = (int)((long)count * part / Size);
        return (start, (int)((long)count * (part + 1) / Size) - start);
    }

    // Of a part that two workers share, what the one without the bit keeps is the lower half.
    private static (int Start, int Length) PartOf(int rank, int start, int length, int distance)
    {
        int lower = length / 2;
        return (rank & distance) == 0 ? (start, lower) : (start + lower, length - lower);
    }
}
