using PolaFormer.Cuda.Requests;
using PolaFormer.Cuda.Tests.Fibres;
using PolaFormer.Tensors;
using PolaFormer.Tensors.Ops;
using PolaFormer.Tensors.Random;

namespace PolaFormer.Cuda.Tests.Requests;

/// <summary>That requests without a gradient give the processor's values.</summary>
public class RequestTests
{
    private static readonly float[] s_values = [3, float.NaN, -1, 3, 0, -0f, 7.5f, float.NegativeInfinity, 7.5f, 2, float.PositiveInfinity, -2];

    [Fact]
    public void Every_request_has_kernels_or_is_composed()
    {
        string[] composed = [.. ((Type[])[typeof(Convolution.AddingCall), typeof(Interpolate.AddingCall), typeof(GroupNorm.Call), typeof(GroupNorm.BackwardCall), typeof(InterpolatedArgMax.Call), typeof(LinearAttention.Call), typeof(LinearAttention.BackwardCall)]).Select(type => type.FullName!)];
        IEnumerable<Type> requests = typeof(Device).Assembly.GetTypes().Where(type => type.IsValueType && type.IsAssignableTo(typeof(IDeviceCall)));

        Assert.Equal(composed.Order(), requests.Except(RequestTable.Default.Types).Select(type => type.FullName!).Order());
    }

    [Theory]
    [InlineData(Comparison.Equal)]
    [InlineData(Comparison.NotEqual)]
    [InlineData(Comparison.Less)]
    [InlineData(Comparison.LessOrEqual)]
    [InlineData(Comparison.Greater)]
    [InlineData(Comparison.GreaterOrEqual)]
    public void Relations(Comparison comparison) => AssertEqual(x => x.Compare(comparison, x.Slice(-1, 0, 1)));

    [Fact]
    public void Places_of_the_largest() => AssertEqual<long>(x => x.ArgMax(0), x => x.ArgMax(1), x => x.Reshape(2, 2, 3).ArgMax(1));

    [Fact]
    public void Orders() => AssertEqual<long>(x => x.ArgSort(), x => x.ArgSort(descending: true), x => x.TopK(2).Indices);

    [Fact]
    public void Counts_of_what_is_not_finite() => AssertEqual<long>(x => Tensor.CountNonFinite(x), x => Tensor.CountNonFinite(new Columns(x, 1, 2)));

    [Fact]
    public void Numbers_in_a_row() => AssertEqual(x => Tensor.Arange(1000, 0.5f, 0.1f, x.Device));

    [Fact]
    public void Counters() => AssertEqual<long>(x =>
    {
        Tensor counts = Tensor.From([5L, -1], [2], x.Device);
        counts.Increment(3);
        return counts;
    });

    [Fact]
    public void Random_numbers() => AssertEqual(
        x => Filled(x.Device, y => y.FillUniform(new Philox(3, 4), -1, 2)),
        x => Filled(x.Device, y => y.FillUniform(new Philox(3, 4), 0, 1)));

    [Fact]
    public void Tables_of_rotations()
    {
        (float[] expected, float[] actual) = (Make(Device.Cpu), Make(FibreDevice.Create(order: 0)));

        Distance.AssertWithin(1e-6, [.. expected.Select(value => (double)value)], [.. actual.Select(value => (double)value)], "tables");

        static float[] Make(Device device)
        {
            (Tensor sin, Tensor cos) = Tensor.RotaryTables(Tensor.From([1, 0.1f, 0.01f], [3], device), 5, 30);
            return [.. sin.ToArray(), .. cos.ToArray()];
        }
    }

    [Theory]
    [InlineData(DType.Float16)]
    [InlineData(DType.BFloat16)]
    [InlineData(DType.Float64)]
    [InlineData(DType.Int64)]
    [InlineData(DType.Int32)]
    [InlineData(DType.Int16)]
    [InlineData(DType.Int8)]
    [InlineData(DType.UInt8)]
    [InlineData(DType.Bool)]
    public void Conversions_there_and_back(DType type)
    {
        float[] values =
        [
            .. s_values, 0.1f, 1e-7f, 5.96e-8f, 6e-5f, 65504, 65519, 65520, 1e30f, -1e30f, 127.6f, 128, -129, 255.5f, 256, 2048.5f, 2147483648f, 9.3e18f,
            .. Enumerable.Range(0, 4000).Select(i => (i - 2000) * 33.333f),
        ];

        AssertEqual(values, x => x.To(type).To(DType.Float32));
    }

    [Fact]
    public void Copies_of_any_width() => AssertEqual(
        [.. Enumerable.Range(0, 2 * 3 * 8 * 8).Select(i => (float)i)],
        x => x.Reshape(6, 8, 8).Permute(1, 0, 2),
        x => x.Reshape(2, 3, 8, 8).Permute(3, 1, 0, 2),
        x => x.Reshape(6, 64).Slice(1, 3, 40),
        x => x.Reshape(6, 64).Roll(1, 5),
        x => x.Reshape(6, 1, 64).Expand([6, 3, 64]),
        x => x.To(DType.UInt8).Reshape(6, 8, 8).Permute(1, 0, 2).To(DType.Float32),
        x => x.To(DType.Float16).Reshape(6, 8, 8).Slice(2, 1, 3).To(DType.Float32),
        x => x.To(DType.Int64).Reshape(2, 3, 8, 8).Permute(1, 0, 2, 3).To(DType.Float32));

    private static Tensor Filled(Device device, Action<Tensor> fill)
    {
        Tensor y = Tensor.Empty([999], DType.Float32, device);
        fill(y);
        return y;
    }

    private static void AssertEqual(params Func<Tensor, Tensor>[] makes) => AssertEqual<float>(makes);

    private static void AssertEqual<T>(params Func<Tensor, Tensor>[] makes)
        where T : unmanaged
    {
        foreach (Func<Tensor, Tensor> make in makes)
            Assert.Equal(make(Tensor.From(s_values, [4, 3])).ToArray<T>(), make(Tensor.From(s_values, [4, 3], FibreDevice.Create(order: 1))).ToArray<T>());
    }

    private static void AssertEqual(float[] values, params Func<Tensor, Tensor>[] makes)
    {
        foreach (Func<Tensor, Tensor> make in makes)
            Assert.Equal(make(Tensor.From(values, [values.Length])).ToArray(), make(Tensor.From(values, [values.Length], FibreDevice.Create(order: 0))).ToArray());
    }
}
