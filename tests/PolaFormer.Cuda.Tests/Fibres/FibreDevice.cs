namespace PolaFormer.Cuda.Tests.Fibres;

/// <summary>Devices that carry out every request as a GPU does: operators, gradients and networks run on the kernels without one.</summary>
internal static class FibreDevice
{
    /// <summary>A device of its own, whose threads run in an order; see <see cref="FibreQueue"/>.</summary>
    public static CudaDevice Create(uint order, int multiprocessors = 2) => new(new FibreRuntime(order, multiprocessors), "cuda:0");
}
