using PolaFormer.Files;

namespace PolaFormer.Cli.Tests;

public class UserErrorsTests
{
    [Fact]
    public void AMistakeIsItsMessageAlone()
    {
        Assert.Equal("a.jpg: it is a folder.", UserErrors.Line(new FileException("a.jpg", "it is a folder.")));
        Assert.Equal(1, UserErrors.ExitCode(new FileException("a.jpg", "it is a folder.")));
        Assert.Equal("Too few.", UserErrors.Line(new ArgumentException("Too few.", "parameterOfAMethod")));
    }

    [Fact]
    public void ADefectTellsItsKindAndWhereToReportIt()
    {
        var error = new InvalidOperationException("Sequence contains no elements");
        Assert.Equal(UserErrors.Defect, UserErrors.ExitCode(error));
        Assert.Equal(70, UserErrors.Defect);
        Assert.Contains("InvalidOperationException: Sequence contains no elements", UserErrors.Line(error), StringComparison.Ordinal);
        Assert.Contains("report it as CONTRIBUTING.md says", UserErrors.Line(error), StringComparison.Ordinal);
    }

    [Fact]
    public void TooLittleMemoryIsNoDefect()
    {
        Assert.Equal(1, UserErrors.ExitCode(new OutOfMemoryException()));
        Assert.Contains("smaller batch", UserErrors.Line(new OutOfMemoryException()), StringComparison.Ordinal);
        Assert.Equal("A tensor of 9 MB.", UserErrors.Line(new InsufficientMemoryException("A tensor of 9 MB.")));
    }

    [Fact]
    public void WhatThreadsAndStaticConstructorsWrapIsUnwrapped()
    {
        Assert.Equal("lost", UserErrors.Line(new AggregateException(new TypeInitializationException("T", new IOException("lost")))));
        Assert.Equal(1, UserErrors.ExitCode(new AggregateException(new IOException("lost"))));
    }

    [Fact]
    public void ALineIsOneBoundedLineThatATerminalDoesNotObey()
    {
        Assert.Equal("a b\\u001b[31m\\u009b", UserErrors.Line(new IOException("a\r\nb\u001b[31m\u009b")));
        Assert.InRange(UserErrors.Line(new IOException(new string('x', 100_000))).Length, 100, 2100);
    }
}
