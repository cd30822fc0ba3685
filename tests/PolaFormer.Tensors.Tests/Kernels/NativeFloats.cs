using System.Runtime.InteropServices;

namespace PolaFormer.Tensors.Tests.Kernels;

/// <summary>Native floats between two guard zones whose content is checked on release: kernels may not write beside their target.</summary>
internal sealed unsafe class NativeFloats : IDisposable
{
    private const int Guard = 64;
    private const float Mark = 1234.5f;

    public NativeFloats(int count)
    {
        Count = count;
        float* start = (float*)NativeMemory.AlignedAlloc((nuint)(count + (2 * Guard)) * sizeof(float), 64);
        new Span<float>(start, count + (2 * Guard)).Fill(Mark);
        Pointer = start + Guard;
        Span.Clear();
    }

    public static NativeFloats Random(int count, System.Random random)
    {
        var values = new NativeFloats(count);
        for (int i = 0; i < count; i++)
            values.Pointer[i] = (random.NextSingle() * 2) - 1;
        return values;
    }

    public int Count { get; }

    public float* Pointer { get; private set; }

    public Span<float> Span => new(Pointer, Count);

    public void Dispose()
    {
        if (Pointer == null)
            return;
        float* start = Pointer - Guard;
        bool intact = new Span<float>(start, Guard).IndexOfAnyExcept(Mark) < 0
            && new Span<float>(Pointer + Count, Guard).IndexOfAnyExcept(Mark) < 0;
        NativeMemory.AlignedFree(start);
        Pointer = null;
        Assert.True(intact, "A kernel wrote outside its target.");
    }
}
