namespace PolaFormer.Cuda.Tests.Fibres;

/// <summary>That the fibres find faults which a GPU may or may not show.</summary>
public class FibreTests
{
    [Fact]
    public void A_missing_barrier_gives_other_results_in_another_order()
    {
        HostFloats ascending = new(64), descending = new(64);

        Run("missing_barrier", 0, ascending);
        Run("missing_barrier", 1, descending);

        Assert.NotEqual(ascending.Span.ToArray(), descending.Span.ToArray());
        Assert.Contains(float.NaN, ascending.Span.ToArray());
    }

    [Theory]
    [InlineData("one_thread_leaves", "wait at a barrier")]
    [InlineData("half_a_warp_shuffles", "for their warp")]
    public void A_block_that_stands_still_is_reported(string kernel, string message)
    {
        Exception exception = Assert.ThrowsAny<Exception>(() => Run(kernel, 0, new HostFloats(64)));
        Assert.Contains(message, exception.Message, StringComparison.Ordinal);
    }

    private static void Run(string kernel, uint order, HostFloats result) =>
        new FibreQueue(order).Launch("faulty", kernel, 1, 64, 64 * sizeof(float), result.Address);
}
