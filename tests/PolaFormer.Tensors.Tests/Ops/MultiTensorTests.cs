namespace PolaFormer.Tensors.Tests.Ops;

public class MultiTensorTests
{
    [Fact]
    public void The_norm_is_that_of_all_tensors_as_one_vector()
    {
        Tensor[] tensors = [.. new[] { 5, 1, 0, 33, 1000 }.Select(Ramp)];
        double expected = Math.Sqrt(tensors.SelectMany(tensor => tensor.ToArray()).Sum(x => (double)x * x));
        Assert.Equal(expected, MultiTensor.Norm(tensors).ToArray<double>()[0], 1e-12 * expected);
    }

    [Fact]
    public void The_norm_of_nothing_is_0() => Assert.Equal(0, MultiTensor.Norm([]).ToArray<double>()[0]);

    [Fact]
    public void The_norm_has_the_same_bits_for_any_company()
    {
        Tensor one = Ramp(100_003), two = Ramp(77);
        double together = MultiTensor.Norm([one, two]).ToArray<double>()[0], a = MultiTensor.Norm([one]).ToArray<double>()[0], b = MultiTensor.Norm([two]).ToArray<double>()[0];
        Assert.Equal(Math.Sqrt((a * a) + (b * b)), together, 1e-12 * together);
        Assert.Equal(together, MultiTensor.Norm([one, Tensor.Zeros([0]), two]).ToArray<double>()[0]);
    }

    [Fact]
    public void A_norm_with_a_NaN_is_NaN() => Assert.True(double.IsNaN(MultiTensor.Norm([Tensor.From([1f, float.NaN], [2])]).ToArray<double>()[0]));

    [Theory]
    [InlineData(1, 0.6f, 0.8f)]
    [InlineData(10, 3, 4)]
    public void Clipping_by_norm_scales_what_is_longer(double max, float first, float second)
    {
        Tensor a = Tensor.From([3f], [1]), b = Tensor.From([4f], [1]);
        MultiTensor.ClipByNorm([a, b], MultiTensor.Norm([a, b]), max);
        Assert.Equal(first, a.Item(), 1e-6);
        Assert.Equal(second, b.Item(), 1e-6);
    }

    [Fact]
    public void Clipping_by_value_cuts_elements_and_keeps_NaN()
    {
        Tensor x = Tensor.From([-2f, -0.5f, 0, 0.5f, 2, float.NaN, float.PositiveInfinity], [7]);
        MultiTensor.ClipByValue([x], 1);
        Assert.Equal([-1f, -0.5f, 0, 0.5f, 1, float.NaN, 1], x.ToArray());
    }

    [Fact]
    public void Lerp_goes_from_target_to_source()
    {
        Tensor target = Tensor.Full([100], 1), count = Tensor.From([1L], []);
        MultiTensor.Lerp([(target, Tensor.Full([100], 5)), (count, Tensor.From([8L], []))], keep: 0.75);
        Assert.All(target.ToArray(), value => Assert.Equal(2, value));
        Assert.Equal(2, count.ToArray<long>()[0]);
    }

    [Fact]
    public void Pairs_of_different_shapes_are_refused() =>
        Assert.Throws<ArgumentException>(() => MultiTensor.Lerp([(Tensor.Zeros([2]), Tensor.Zeros([3]))], 0.5));

    private static Tensor Ramp(int count) => Tensor.From(Enumerable.Range(0, count).Select(i => ((i % 97) - 40) / 7f).ToArray(), [count]);
}
