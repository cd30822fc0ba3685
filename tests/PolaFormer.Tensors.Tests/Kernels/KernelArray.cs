using System.Runtime.InteropServices;

namespace PolaFormer.Tensors.Tests.Kernels;

/// <summary>Native memory for a kernel, with guards on both sides that show writes out of bounds.</summary>
internal sealed unsafe class KernelArray<T> : IDisposable where T : unmanaged
{
    private const int GuardBytes = 128;
    private readonly byte* _memory;

    public KernelArray(int length)
    {
        Length = length;
        _memory = (byte*)NativeMemory.AlignedAlloc((nuint)((length * sizeof(T)) + (2 * GuardBytes)), 64);
        new Span<byte>(_memory, (length * sizeof(T)) + (2 * GuardBytes)).Fill(0xA5);
    }

    public KernelArray(ReadOnlySpan<T> values) : this(values.Length) => values.CopyTo(Span);

    public int Length { get; }

    public T* Pointer => (T*)(_memory + GuardBytes);

    public Span<T> Span => new(Pointer, Length);

    public T this[int index] => Span[index];

    public T[] ToArray() => Span.ToArray();

    public void Dispose()
    {
        bool intact = !new ReadOnlySpan<byte>(_memory, GuardBytes).ContainsAnyExcept((byte)0xA5)
            && !new ReadOnlySpan<byte>(_memory + GuardBytes + (Length * sizeof(T)), GuardBytes).ContainsAnyExcept((byte)0xA5);
        NativeMemory.AlignedFree(_memory);
        Assert.True(intact, "The kernel wrote out of bounds.");
    }
}
