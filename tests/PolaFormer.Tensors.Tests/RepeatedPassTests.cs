namespace PolaFormer.Tensors.Tests;

public class RepeatedPassTests
{
    [Fact]
    public void A_pass_is_computed_of_what_its_input_holds_then()
    {
        Tensor x = Tensor.From([1f, 2f], [2]);
        using RepeatedPass pass = Device.Cpu.Repeat(() => x * 2f);

        Assert.Equal([2f, 4f], pass.Run().ToArray());
        x.CopyFrom([3f, 5f]);
        Assert.Equal([6f, 10f], pass.Run().ToArray());
    }

    [Fact]
    public void A_result_is_gone_after_the_next_run_and_at_the_end()
    {
        Tensor x = Tensor.From([1f, 2f], [2]);
        RepeatedPass pass = Device.Cpu.Repeat(() => x * 2f);
        Tensor first = pass.Run(), second = pass.Run();

        Assert.Throws<ObjectDisposedException>(() => first.ToArray());
        Assert.Equal([2f, 4f], second.ToArray());
        pass.Dispose();
        Assert.Throws<ObjectDisposedException>(() => second.ToArray());
    }
}
