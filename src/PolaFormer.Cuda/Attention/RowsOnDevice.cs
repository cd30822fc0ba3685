using System.Runtime.InteropServices;

namespace PolaFormer.Cuda.Attention;

/// <summary>
/// Tokens of a batch of images, one row each, in a kernel's memory. Rows and images lie any number of elements apart, so that
/// queries, keys and values may be columns of one projection.
/// </summary>
/// <param name="Address">First element of the first row.</param>
/// <param name="RowStride">Elements from one token to the next.</param>
/// <param name="ImageStride">Elements from one image to the next.</param>
[StructLayout(LayoutKind.Sequential)]
internal readonly record struct RowsOnDevice(nint Address, long RowStride, long ImageStride)
{
    /// <summary>Rows without gaps.</summary>
    public static RowsOnDevice Contiguous(nint address, int tokens, int channels) => new(address, channels, (long)tokens * channels);

    /// <summary>Whether every run of 16 bytes from a row's start is aligned.</summary>
    public bool IsAligned(int elementBytes) =>
        Address % 16 == 0 && RowStride * elementBytes % 16 == 0 && ImageStride * elementBytes % 16 == 0;
}
