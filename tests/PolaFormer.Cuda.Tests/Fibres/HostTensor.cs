using System.Runtime.CompilerServices;
using PolaFormer.Cuda.Attention;

namespace PolaFormer.Cuda.Tests.Fibres;

/// <summary>
/// A (images × tokens × channels) array of a storage type inside wider rows, pinned. The elements around it are NaN: a kernel that
/// reads or writes them is found out. New ones are NaN themselves, so that nothing may stay unwritten.
/// </summary>
internal sealed unsafe class HostTensor
{
    private readonly byte[] _memory;
    private readonly int _before;
    private readonly long _stride, _imageStride;

    public HostTensor(StorageType type, int images, int tokens, int channels, int before = 0, int after = 0)
    {
        (Type, Images, Tokens, Channels, _before) = (type, images, tokens, channels, before);
        _stride = before + channels + after;
        _imageStride = (tokens * _stride) + before;
        _memory = GC.AllocateArray<byte>(((int)((images * _imageStride) + before + after + 32) * ElementBytes) + 16, pinned: true);
        _memory.AsSpan().Fill(0xFF);
    }

    public StorageType Type { get; }
    public int Images { get; }
    public int Tokens { get; }
    public int Channels { get; }
    public int ElementBytes => Type == StorageType.BFloat16 ? 2 : 4;

    public nint Address => (((nint)Unsafe.AsPointer(ref _memory[0]) + 15) & ~15) + (_before * ElementBytes);

    public RowsOnDevice Rows => new(Address, _stride, _imageStride);

    public float this[int image, int token, int channel]
    {
        get => Get((image * _imageStride) + (token * _stride) + channel);
        set
        {
            long at = (image * _imageStride) + (token * _stride) + channel;
            if (Type != StorageType.BFloat16)
                ((float*)Address)[at] = value;
            else
                ((ushort*)Address)[at] = Round(value);
        }
    }

    public static HostTensor Random(System.Random random, StorageType type, int images, int tokens, int channels, int before = 0, int after = 0, double zeros = 0.1)
    {
        var tensor = new HostTensor(type, images, tokens, channels, before, after);
        tensor.Each((i, t, c) => tensor[i, t, c] = random.NextDouble() < zeros ? 0 : (float)((2 * random.NextDouble()) - 1));
        return tensor;
    }

    public double[] ToDoubles()
    {
        List<double> values = [];
        Each((i, t, c) => values.Add(this[i, t, c]));
        return [.. values];
    }

    /// <summary>Whether the elements beside the columns are as they were.</summary>
    public void AssertSurroundingsUntouched()
    {
        for (int i = 0; i < Images; i++)
            for (int t = 0; t < Tokens; t++)
                for (long c = -_before; c < _stride - _before; c++)
                    if (c < 0 || c >= Channels)
                        Assert.True(float.IsNaN(Get((i * _imageStride) + (t * _stride) + c)), "a kernel wrote outside its columns");
    }

    private static ushort Round(float value)
    {
        uint bits = BitConverter.SingleToUInt32Bits(value);
        return (ushort)((bits + 0x7fff + ((bits >> 16) & 1)) >> 16);
    }

    private float Get(long at) =>
        Type != StorageType.BFloat16 ? ((float*)Address)[at] : BitConverter.UInt32BitsToSingle((uint)((ushort*)Address)[at] << 16);

    private void Each(Action<int, int, int> action)
    {
        for (int i = 0; i < Images; i++)
            for (int t = 0; t < Tokens; t++)
                for (int c = 0; c < Channels; c++)
                    action(i, t, c);
    }
}
