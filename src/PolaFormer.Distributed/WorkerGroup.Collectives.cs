using System.Buffers;
using System.Runtime.InteropServices;
using System.Text;

namespace PolaFormer.Distributed;

/// <content>What all workers do together.</content>
public abstract partial class WorkerGroup
{
    /// <summary>
    /// Replaces values by their sums over all workers, which all have the same bits: neighbours add first, then pairs of
    /// neighbours and so on, a balanced binary tree. By recursive halving, so that each worker adds a share and sends and receives
    /// twice the values at most (Thakur et al., Optimization of Collective Communication Operations in MPICH, 2005).
    /// </summary>
    /// <param name="values">As many on every worker.</param>
    /// <exception cref="InvalidOperationException">The number of workers is no power of two.</exception>
    /// <exception cref="WorkerException">The connection failed.</exception>
    public void SumInTree(Span<float> values)
    {
        if (Size == 1)
            return;
        if (!int.IsPow2(Size))
            throw new InvalidOperationException($"{Size} workers are no power of two.");
        float[] theirs = ArrayPool<float>.Shared.Rent((values.Length + 1) / 2);
        var parts = new Stack<(int Start, int Length)>();
        (int start, int length) = (0, values.Length);
        for (int distance = 1; distance < Size; distance *= 2)
        {
            parts.Push((start, length));
            (int Start, int Length) kept = PartOf(Rank, start, length, distance), sent = PartOf(Rank ^ distance, start, length, distance);
            Span<float> mine = values.Slice(kept.Start, kept.Length), other = theirs.AsSpan(0, kept.Length);
            Exchange(Rank ^ distance, MemoryMarshal.AsBytes(values.Slice(sent.Start, sent.Length)), MemoryMarshal.AsBytes(other));
            ElementwiseSum.AddTo(mine, other);
            (start, length) = kept;
        }

        for (int distance = Size / 2; distance > 0; distance /= 2)
        {
            (int outerStart, int outerLength) = parts.Pop();
            (int Start, int Length) missing = PartOf(Rank ^ distance, outerStart, outerLength, distance);
            Exchange(Rank ^ distance, MemoryMarshal.AsBytes(values.Slice(start, length)), MemoryMarshal.AsBytes(values.Slice(missing.Start, missing.Length)));
            (start, length) = (outerStart, outerLength);
        }

        ArrayPool<float>.Shared.Return(theirs);
    }

    /// <summary>Replaces bytes by those of worker 0.</summary>
    /// <param name="bytes">As many on every worker.</param>
    /// <exception cref="WorkerException">The connection failed.</exception>
    public void Broadcast(Span<byte> bytes)
    {
        // A binomial tree: a worker receives from the one whose number lacks its lowest bit.
        int lowest = Rank == 0 ? (int)uint.RotateLeft(1, 30) : Rank & -Rank;
        if (Rank > 0)
            Receive(Rank - lowest, bytes);
        for (int distance = lowest / 2; distance > 0; distance /= 2)
        {
            if (Rank + distance < Size)
                Send(Rank + distance, bytes);
        }
    }

    /// <summary>The bytes of every worker, in the order of their numbers.</summary>
    /// <param name="own">As many on every worker.</param>
    /// <exception cref="WorkerException">The connection failed.</exception>
    public byte[] Gather(ReadOnlySpan<byte> own)
    {
        byte[] all = new byte[own.Length * Size];
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
        int any = 0;
        if (Size == 1)
            return flags;
        foreach (int each in MemoryMarshal.Cast<byte, int>(Gather(BitConverter.GetBytes(flags))))
            any |= each;
        return any;
    }

    // Of a part that two workers share, what the one without the bit keeps is the lower half.
    private static (int Start, int Length) PartOf(int rank, int start, int length, int distance)
    {
        int lower = length / 2;
        return (rank & distance) == 0 ? (start, lower) : (start + lower, length - lower);
    }
}
