namespace PolaFormer.Cuda;

/// <summary>
/// Copies large arrays of the host beside a stream's work: into pinned memory, from there by a stream of its own into memory of the
/// GPU, and from there in the turn of the work, which takes a moment. So images arrive while the step before runs.
/// </summary>
internal sealed unsafe class Uploads(GpuStream work)
{
    /// <summary>Arrays that pay; the driver takes smaller ones without waiting.</summary>
    public const long LeastBytes = 64 << 10;

    private const int Places = 3;

    private readonly GpuStream _copies = work.Gpu.NewStream();
    private readonly Place[] _places = [.. Enumerable.Range(0, Places).Select(_ => new Place(work.Gpu))];
    private int _next;

    /// <summary>Queues a copy; the source has been read when this returns.</summary>
    public void Copy(void* source, nint destination, long bytes)
    {
        Place place = _places[_next];
        _next = (_next + 1) % Places;
        if (!place.TryMakeRoom(work, bytes))
        {
            // The GPU has no memory left for it: the array goes over in the turn of the work.
            work.Write(destination, source, bytes);
            return;
        }

        fixed (byte* pinned = place.Pinned!.Span)
        {
            Buffer.MemoryCopy(source, pinned, bytes, bytes);
            _copies.Write(place.Memory!.Address, pinned, bytes);
        }

        _copies.Record(place.Arrived);
        work.WaitFor(place.Arrived);
        work.Copy(place.Memory.Address, destination, bytes);
        work.Record(place.Taken);
    }

    // Memory on both sides, which one copy has until the work has taken it.
    private sealed class Place(Gpu gpu)
    {
        public PinnedMemory? Pinned { get; private set; }

        public GpuMemory? Memory { get; private set; }

        public GpuEvent Arrived { get; } = new(gpu);

        public GpuEvent Taken { get; } = new(gpu);

        public bool TryMakeRoom(GpuStream work, long bytes)
        {
            Taken.Synchronize();
            if (Pinned is not null && Pinned.Bytes >= bytes)
                return true;
            Pinned?.Dispose();
            Memory?.Dispose();
            (Pinned, Memory) = (null, null);
            nint address = work.TryAllocate(bytes);
            if (address == 0)
                return false;
            Memory = new GpuMemory(work, address, bytes);
            Pinned = new PinnedMemory(gpu, bytes);
            // The allocation is ordered on the work stream; the copy stream may use the memory only after it.
            work.Synchronize();
            return true;
        }
    }
}
