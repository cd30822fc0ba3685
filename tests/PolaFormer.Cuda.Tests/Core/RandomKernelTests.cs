using PolaFormer.Cuda.Core;
using PolaFormer.Cuda.Tests.Fibres;
using PolaFormer.Tensors.Random;

namespace PolaFormer.Cuda.Tests.Core;

public class RandomKernelTests
{
    [Fact]
    public void Numbers_are_the_processors()
    {
        const int Count = 1001;
        var philox = new Philox(0x0123456789ABCDEF, 77);
        float[] uniform = new float[Count], normal = new float[Count];
        philox.FillUniform(uniform, 8);
        philox.FillNormal(normal, 8);
        HostFloats uniformHere = new(Count), normalHere = new(Count);
        var queue = new FibreQueue(order: 0);

        RandomKernels.Uniform(queue, StorageType.Float, philox, uniformHere.Address, Count, start: 8);
        RandomKernels.Normal(queue, StorageType.Float, philox, normalHere.Address, Count, start: 8);

        Assert.Equal(uniform, uniformHere.Span.ToArray());
        Assert.All(normal.Zip(normalHere.Span.ToArray()), pair => Assert.Equal(pair.First, pair.Second, 2e-6f));
        uniformHere.AssertSurroundingsUntouched();
    }
}
