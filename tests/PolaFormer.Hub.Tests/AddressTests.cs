namespace PolaFormer.Hub.Tests;

public class AddressTests
{
    [Theory]
    [InlineData("hf://ZachMeng/PolaFormer/pvt.pth", "ZachMeng/PolaFormer", "main", "pvt.pth")]
    [InlineData("hf://a/b@v1.0/x/y.safetensors", "a/b", "v1.0", "x/y.safetensors")]
    public void AnAddressIsTakenApartAndWrittenAgain(string text, string repository, string revision, string path)
    {
        var address = HubAddress.Parse(text);
        Assert.Equal((repository, revision, path), (address.Repository, address.Revision, address.Path));
        Assert.Equal(text, address.ToString());
    }

    [Theory]
    [InlineData("hf://a/b")]
    [InlineData("hf://a")]
    [InlineData("hf://a/b/../../../etc/passwd")]
    [InlineData("hf://a/b//c")]
    [InlineData("hf://a/b/c\\d")]
    [InlineData("hf://a/b@/c")]
    [InlineData("hf://a/b/c?x=1")]
    [InlineData("https://example.org/a/b/c")]
    public void WhatIsNoAddressIsRefused(string text) => Assert.Throws<ArgumentException>(() => HubAddress.Parse(text));

    [Theory]
    [InlineData("pola_pvt_tiny", "pola_pvt_tiny.pth")]
    [InlineData("pola_pvt_small", "PolaPVT-S.pth")]
    [InlineData("pola_swin_base", "swin/pola_swin_b.pth")]
    public void ANetworkIsFoundByWordsOfTheFileName(string network, string file) =>
        Assert.Equal(file, AuthorsCheckpoints.Find(network, ["README.md", "pola_pvt_tiny.pth", "PolaPVT-S.pth", "swin/pola_swin_b.pth", "swin/pola_swin_t.pth"]));

    [Theory]
    [InlineData("pola_pvt_large", "no checkpoint")]
    [InlineData("polaformer_pp_b0", "no checkpoint")]
    [InlineData("pola_swin_tiny", "several checkpoints")]
    public void WhatDoesNotFitOneIsAnsweredWithTheList(string network, string problem)
    {
        var error = Assert.Throws<ArgumentException>(() => AuthorsCheckpoints.Find(network, ["pola_pvt_tiny.pth", "swin_tiny.pth", "swin_t_best.pth"]));
        Assert.Contains(problem, error.Message, StringComparison.Ordinal);
        Assert.Contains("swin_tiny.pth", error.Message, StringComparison.Ordinal);
    }
}
