using System.Diagnostics;

namespace PolaFormer.Files.Tests;

/// <summary>Only files that have bytes and an end are read.</summary>
public sealed class InputFileTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void ARegularFileIsRead()
    {
        File.WriteAllBytes(_folder["a"], [1, 2, 3]);
        Assert.Equal([1, 2, 3], InputFile.ReadAllBytes(_folder["a"], maxBytes: 3));
    }

    [Fact]
    public void ALinkToARegularFileIsRead()
    {
        File.WriteAllBytes(_folder["a"], [1, 2, 3]);
        File.CreateSymbolicLink(_folder["link"], _folder["a"]);
        Assert.Equal([1, 2, 3], InputFile.ReadAllBytes(_folder["link"], maxBytes: 3));
    }

    [Fact]
    public void LinesLoseTheirEnds()
    {
        File.WriteAllText(_folder["a"], "one\r\ntwo\n\nthree");
        Assert.Equal(["one", "two", "", "three"], InputFile.ReadAllLines(_folder["a"], maxBytes: 100));
    }

    [Fact]
    public void MoreBytesThanAllowedAreRefused()
    {
        File.WriteAllBytes(_folder["a"], [1, 2, 3]);
        Assert.Contains("at most 2", Refusal(() => InputFile.ReadAllBytes(_folder["a"], maxBytes: 2)));
    }

    [Theory]
    [InlineData("", "no path")]
    [InlineData("  ", "no path")]
    [InlineData("https://example.org/cat.jpg", "Download it first")]
    [InlineData("s3://bucket/cat.jpg", "Download it first")]
    [InlineData("a\0b", "zero character")]
    [InlineData("/no/such/file", "no such file")]
    [InlineData("/", "folder")]
    public void WhatIsNoFileIsNamed(string path, string problem) => Assert.Contains(problem, Refusal(() => InputFile.Open(path)));

    [Theory]
    [InlineData("/dev/zero")]
    [InlineData("/dev/null")]
    public void ADeviceIsRefused(string path)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Devices have these names on Linux.");
        Assert.Contains("device", Refusal(() => InputFile.ReadAllBytes(path, long.MaxValue)));
    }

    [Fact]
    public void APipeIsRefusedWithoutWaitingForAWriter()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Made with mkfifo.");
        using (Process mkfifo = Process.Start("mkfifo", _folder["pipe"]))
            mkfifo.WaitForExit();
        Assert.Contains("pipe", Refusal(() => InputFile.Open(_folder["pipe"])));
    }

    private static string Refusal(Action action) => Assert.Throws<FileException>(action).Message;
}
