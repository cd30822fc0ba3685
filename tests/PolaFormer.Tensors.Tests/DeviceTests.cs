using PolaFormer.Tensors.Autograd;
using PolaFormer.Tensors.Ops;
using PolaFormer.Tensors.Tests.Memory;

namespace PolaFormer.Tensors.Tests;

[Collection(nameof(MemoryCounting))]
public class DeviceTests
{
    public static TheoryData<string, Action<Tensor, Tensor>> Mixes => new()
    {
        { "Binary Add", (a, b) => _ = a + b },
        { "MatMul", (a, b) => a.MatMul(b) },
        { "Linear", (a, b) => a.Linear(b) },
        { "Linear", (a, b) => a.Linear(a, residual: b) },
        { "LayerNorm", (a, b) => a.LayerNorm(b, b, 1e-5f) },
        { "SliceScatter", (a, b) => Tensor.Concat(0, a, b) },
        { "Rotate", (a, b) => Tensor.Rotate(a.Reshape(1, 2, 2), b, b, 1) },
        { "CrossEntropy", (a, b) => a.CrossEntropy(b) },
    };

    [Theory]
    [MemberData(nameof(Mixes))]
    public void TensorsOfTwoDevicesAreOneClearError(string name, Action<Tensor, Tensor> apply)
    {
        Tensor a = Tensor.Full([2, 2], 1), b = new MetaDevice().Empty([2, 2]);
        var error = Assert.Throws<InvalidOperationException>(() => apply(a, b));
        Assert.Equal($"{name} runs on the device cpu; the tensor (2, 2) is on meta. Make all tensors on one device.", error.Message);
    }

    [Fact]
    public void AnotherTypeIsOneClearError()
    {
        Tensor a = Tensor.Full([2], 1), b = Tensor.From([1L, 2], [2]);
        var error = Assert.Throws<InvalidOperationException>(() => a + b);
        Assert.Equal("Binary Add computes in Float32; the tensor (2) holds Int64. Convert it with To(DType.Float32).", error.Message);
    }

    [Fact]
    public void ADeviceIsFoundByItsName()
    {
        var opened = new FarDevice();
        Device.Register("far", index => index == 2 ? opened : throw new ArgumentException($"There is no {index}."));
        Assert.Same(opened, Device.Open("far:2"));
        Assert.Same(Device.Cpu, Device.Open("cpu"));
        foreach (string name in new[] { "gpu", "far:", "far:-1", "far:1:2", "cpu:0", "" })
            Assert.StartsWith($"There is no device '{name}'; devices are cpu, far, far:1.", Assert.Throws<ArgumentException>(() => Device.Open(name)).Message);
        Assert.Equal("There is no 0.", Assert.Throws<ArgumentException>(() => Device.Open("far")).Message);
    }

    [Fact]
    public void TheProfilerSharesTheMemoryOfItsDevice()
    {
        var profiler = new ProfilingDevice(Device.Cpu, () => "here");
        Tensor a = Tensor.Full([2, 3], 1, profiler), b = Tensor.Full([2, 3], 2);
        Assert.Equal(3, ((a + b) * b).Mean().Item() / 2);
        DeviceCall call = profiler.Calls.Single(call => call.Operator == "Binary Add");
        Assert.Equal(("here", new Shape(2, 3), 72L), (call.Caller, call.Result, call.Bytes));
    }

    [Fact]
    public void TheMetaDeviceWalksTrainingToo()
    {
        var meta = new MetaDevice();
        Tensor x = meta.Empty([5, 4]), weight = meta.Empty([3, 4]);
        weight.RequiresGrad = true;
        using var tape = Tape.Start();
        tape.Backward(x.Linear(weight).Sum());
        Assert.Equal(2 * 5 * 4 * 3, meta.MultiplyAccumulates);
        Assert.Equal(weight.Shape, weight.Grad!.Shape);
    }

    [Fact]
    public void ARequestTakesNoManagedMemory()
    {
        Tensor x = Tensor.Full([8, 16], 1), weight = Tensor.Full([16, 16], 1), y = Tensor.Full([8, 16], 0);
        long Allocated()
        {
            long before = GC.GetAllocatedBytesForCurrentThread();
            for (int i = 0; i < 100; i++)
            {
                Device.Cpu.Run(new Linear.FusedCall(x, weight, null, Activation.Gelu, null, y));
                Device.Cpu.Run(new Binary.Call(BinaryFunction.Add, x, x, y));
                Device.Cpu.Run(new Unary.Call(UnaryFunction.Exp, x, y));
            }

            return GC.GetAllocatedBytesForCurrentThread() - before;
        }

        Allocated();
        Assert.Equal(0, Allocated());
    }
}
