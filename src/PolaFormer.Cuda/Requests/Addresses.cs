using PolaFormer.Tensors;
using PolaFormer.Tensors.Memory;

namespace PolaFormer.Cuda.Requests;

/// <summary>Where the elements of tensors lie, for kernels.</summary>
internal static class Addresses
{
    extension(Tensor x)
    {
        /// <summary>Address of the first element.</summary>
        public nint Address => ((PooledStorage)x.Storage).Address + (nint)x.ByteOffset;

        /// <summary>Number of runs of the last dimension, however many.</summary>
        public long Rows => x.Shape[-1] == 0 ? 0 : x.Count / x.Shape[-1];
    }

    extension(Columns x)
    {
        /// <summary>Address of the first element of the run.</summary>
        public nint Address => x.Source.Address + (x.Start * x.Source.DType.Size());
    }

    /// <summary>Address of the first element, 0 where there is no tensor.</summary>
    public static nint Of(Tensor? x) => x is null ? 0 : x.Address;
}
